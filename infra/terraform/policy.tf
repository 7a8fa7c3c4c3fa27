# What the function may do, and nothing more.

locals {
  name = coalesce(var.function_name, replace("${var.project_name}_ci_lambda_${var.project_env}", ".", "-"))

  log_group_name         = "/aws/lambda/${local.name}"
  dead_letter_queue_name = "${local.name}-failed"
  dead_letter_queue_arn  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.dead_letter_queue_name}"
  cluster_arn            = "${local.ecs_arn}:cluster/${local.cluster_name}"

  # The services of the map by name, while that fits into a policy (10,240 characters); else all of the cluster.
  longest_service_list = 60
  service_names = (
    length(var.ecs_service_map) > 0 && length(var.ecs_service_map) <= local.longest_service_list
    ? sort(values(var.ecs_service_map)[*].service_name)
    : ["*"]
  )

  policy_statements = concat(
    [
      {
        Sid       = "RollTheServicesOfThisCluster"
        Effect    = "Allow"
        Action    = ["ecs:DescribeServices", "ecs:UpdateService"]
        Resource  = [for service in local.service_names : "${local.ecs_arn}:service/${local.cluster_name}/${service}"]
        Condition = { ArnEquals = { "ecs:cluster" = local.cluster_arn } }
      },
      {
        # ecs:ListTaskDefinitions knows no resources: AWS accepts only "*" (Service Authorization Reference, Amazon ECS).
        Sid      = "FindTheNewestTaskDefinition"
        Effect   = "Allow"
        Action   = ["ecs:ListTaskDefinitions"]
        Resource = ["*"]
      },
      {
        Sid      = "WriteTheLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${local.log_group_name}:*"]
      },
      {
        Sid      = "KeepWhatFailed"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [local.dead_letter_queue_arn]
      },
    ],
    [
      for roles in [var.task_role_arns] : {
        # Without it ECS refuses to start tasks of a task definition that has roles.
        Sid       = "PassTheRolesOfTheTasks"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = roles
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      } if length(roles) > 0
    ],
    [
      for key in [var.kms_key_arn] : {
        Sid      = "ReadTheEnvironment"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [key]
      } if key != null
    ],
  )
  policy = jsonencode({ Version = "2012-10-17", Statement = local.policy_statements })
}
