data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id
  # `id`, because `name` is deprecated from version 6 of the provider and `region` is new in it.
  region = data.aws_region.current.id
}

resource "aws_cloudwatch_log_group" "function" {
  # checkov:skip=CKV_AWS_338: a year of deployment logs is the installer's choice (log_retention_days), not a default
  # checkov:skip=CKV_AWS_158: CloudWatch encrypts with its own key; another one is an option (log_kms_key_arn)
  name              = local.log_group_name
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

resource "aws_lambda_function" "function" {
  # checkov:skip=CKV_AWS_116: the on-failure destination below keeps the event and its error; a DLQ would keep it twice
  # checkov:skip=CKV_AWS_117: it talks to public APIs (ECS, Slack); a VPC, with the way out of it, is an option (vpc_config)
  # checkov:skip=CKV_AWS_115: reserving takes from the account's concurrency; it is an option (reserved_concurrency)
  # checkov:skip=CKV_AWS_173: Lambda encrypts with its own key; another one is an option (kms_key_arn)
  # checkov:skip=CKV_AWS_50: the function sends no X-Ray segments; its log has the request ids
  # checkov:skip=CKV_AWS_272: signing needs a profile of the account; SHA256SUMS beside the zip says what was built
  function_name = local.name
  description   = "Rolls the ECS services of ${var.project_name} (${var.project_env}) when their images, parameters or files change."
  role          = aws_iam_role.function.arn

  runtime       = "provided.al2023"
  handler       = "bootstrap"
  architectures = [var.architecture]
  memory_size   = var.memory_mb
  timeout       = var.timeout_seconds

  filename          = var.package_path
  source_code_hash  = var.package_path == null ? null : filebase64sha256(var.package_path)
  s3_bucket         = try(var.package_s3.bucket, null)
  s3_key            = try(var.package_s3.key, null)
  s3_object_version = try(var.package_s3.version, null)

  reserved_concurrent_executions = coalesce(var.reserved_concurrency, -1)
  kms_key_arn                    = var.kms_key_arn
  layers                         = concat(var.layers, aws_lambda_layer_version.config[*].arn)
  tags                           = var.tags

  environment {
    variables = local.environment
  }

  dynamic "vpc_config" {
    for_each = var.vpc_config == null ? [] : [var.vpc_config]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  # Without the log group and the policy, Lambda would make a log group of its own that never forgets. Without its
  # configuration the function does not start.
  depends_on = [
    aws_cloudwatch_log_group.function, aws_iam_role_policy.function, aws_ssm_parameter.config, aws_s3_object.config,
  ]
}

resource "aws_lambda_function_event_invoke_config" "function" {
  function_name                = aws_lambda_function.function.function_name
  maximum_retry_attempts       = var.retry_attempts
  maximum_event_age_in_seconds = var.max_event_age_seconds

  # A destination, not the function's dead_letter_config: its message has the event and the error, not the event alone.
  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed.arn
    }
  }
}

resource "aws_sqs_queue" "failed" {
  name                      = local.dead_letter_queue_name
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600 # 14 days, the most that SQS keeps
  tags                      = var.tags

  # It is no queue's dead-letter queue, and none may make it one.
  redrive_allow_policy = jsonencode({ redrivePermission = "denyAll" })
}

resource "aws_sqs_queue_policy" "failed" {
  queue_url = aws_sqs_queue.failed.url
  policy    = local.dead_letter_policy
}
