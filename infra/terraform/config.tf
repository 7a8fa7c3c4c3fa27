# The configuration document: made of `services`, and kept where it fits. Only what `services` and `service_defaults` say
# is in it. All else stays in variables, which would win over the document anyway: they change together with the rules and
# the role that belong to them, and never need more room than Lambda has.

locals {
  document = jsonencode(merge(
    {
      services = {
        # What is not said is left out: the document has no null. No tags at all say that every tag deploys, and no freezes
        # that it always may be deployed.
        for id, service in var.services : id => merge(
          {
            for key, value in service : key => value
            if value != null && !contains(["approval", "before", "after", "freezes"], key) && (key == "tags" || try(length(value) > 0, true))
          },
          # Of these, members may be missing; and an approval without any is `true` or `false`. Both sides of a condition are
          # of one type, hence the texts.
          {
            for key, value in {
              approval = service.approval == null ? "null" : (
                !service.approval.required ? "false" : replace(jsonencode({
                  for name, said in { from = service.approval.from, expires_minutes = service.approval.expires_minutes, except = service.approval.except } :
                  name => said if said != null
                }), "/^[{][}]$/", "true")
              )
              before = service.before == null ? "null" : jsonencode({ for name, said in service.before : name => said if said != null })
              after  = service.after == null ? "null" : jsonencode({ for name, said in service.after : name => said if said != null })
              freezes = service.freezes == null ? "null" : jsonencode([
                for one in service.freezes : { for name, said in one : name => said if said != null }
              ])
            } : key => jsondecode(value) if value != "null"
          },
        )
      }
    },
    { for key, value in { defaults = { for name, default in var.service_defaults : name => default if default != null } } :
    key => value if length(value) > 0 },
  ))

  # In bytes; length() counts characters.
  document_bytes = floor(length(replace(base64encode(local.document), "=", "")) * 3 / 4)

  # Lambda measures its 4 KB on all variables as one JSON object, in which every quote of a document counts twice. A webhook
  # is counted by what it may need: it may be known only when Terraform applies, and the choice must not wait for it.
  environment_limit  = 4096
  environment_margin = 256
  inline_bytes = floor(length(replace(base64encode(jsonencode(merge(local.said_settings, {
    SLACK_WEBHOOK_URL = join("", [for one in range(256) : "x"])
    CI_LAMBDA_CONFIG  = local.document
  }))), "=", "")) * 3 / 4)

  parameter_limit = 8192
  document_limit  = 1048576 # kMaxDocumentBytes in src/config/document_source.hpp

  config_store = !local.by_services ? "none" : coalesce(
    var.config_store,
    local.inline_bytes <= local.environment_limit - local.environment_margin ? "environment" : (
      local.document_bytes <= local.parameter_limit ? "ssm" : "package"
    )
  )

  # Not below /{env}/{project}/, where a change of it would be an event that asks for a deployment.
  config_parameter = "/ci_lambda/${local.name}"
  config_file      = "ci_lambda.json"
  config_object = {
    bucket      = try(var.config_s3.bucket, "")
    key         = coalesce(try(var.config_s3.key, null), "ci_lambda/${local.name}.json")
    kms_key_arn = try(var.config_s3.kms_key_arn, null)
  }

  config_reference = {
    none        = ""
    environment = local.document
    package     = "file:/opt/${local.config_file}"
    ssm         = "ssm:${local.config_parameter}"
    s3          = "s3://${local.config_object.bucket}/${local.config_object.key}"
  }[local.config_store]

  # --- what the role needs to read the document and the secret; policy.tf adds it ---

  ssm_arn            = "arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter"
  secrets_arn        = "arn:${local.partition}:secretsmanager:${local.region}:${local.account_id}:secret"
  config_bucket_arn  = "arn:${local.partition}:s3:::${local.config_object.bucket}"
  config_object_arn  = "${local.config_bucket_arn}/${local.config_object.key}"
  config_is_readable = contains(["ssm", "s3"], local.config_store)

  # Where the webhook is kept is no secret; "" when it is given itself.
  webhook_reference = nonsensitive(
    var.slack_webhook_url != null && can(regex("^(secretsmanager|ssm):", var.slack_webhook_url)) ? var.slack_webhook_url : ""
  )
  webhook_in_ssm = startswith(local.webhook_reference, "ssm:")
  webhook_name   = replace(local.webhook_reference, "/^(secretsmanager|ssm):/", "")
  # Secrets Manager ends the ARN of a secret with a hyphen and six characters of its own.
  webhook_arn = local.webhook_in_ssm ? "${local.ssm_arn}${local.webhook_name}" : (
    startswith(local.webhook_name, "arn:") ? local.webhook_name : "${local.secrets_arn}:${local.webhook_name}-??????"
  )

  # The same of the other settings that may name a secret.
  named_secrets = [
    for reference in distinct(concat(
      [var.approval_key, var.approval_key_previous, var.slack_signing_secret],
      flatten(regexall("\"((?:secretsmanager|ssm):[^\"]+)\"", var.channels)),
    )) : reference
    if can(regex("^(secretsmanager|ssm):", reference))
  ]
  # Topics of channels, wherever they are named.
  channel_topics = distinct(concat(flatten(regexall("\"(arn:[^\":]*:sns:[^\"]+)\"", var.channels)), var.channel_topic_arns))

  named_secret_arns = {
    for store in ["secretsmanager", "ssm"] : store => [
      for reference in local.named_secrets :
      store == "ssm" ? join("", [local.ssm_arn, trimprefix(reference, "ssm:")]) : (
        startswith(reference, "secretsmanager:arn:") ? trimprefix(reference, "secretsmanager:") :
        join("", [local.secrets_arn, ":", trimprefix(reference, "secretsmanager:"), "-??????"])
      ) if startswith(reference, "${store}:")
    ]
  }

  config_statements = concat(
    [
      for wanted in [local.config_is_readable] : {
        Sid      = "ReadTheConfiguration"
        Effect   = "Allow"
        Action   = [local.config_store == "ssm" ? "ssm:GetParameter" : "s3:GetObject"]
        Resource = [local.config_store == "ssm" ? "${local.ssm_arn}${local.config_parameter}" : local.config_object_arn]
      } if wanted
    ],
    [
      for key in [local.config_object.kms_key_arn] : {
        Sid      = "DecryptTheConfiguration"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [key]
        # S3 names the object in what it encrypts, or the bucket where that has a bucket key.
        Condition = { StringEquals = { "kms:EncryptionContext:aws:s3:arn" = [local.config_object_arn, local.config_bucket_arn] } }
      } if local.config_store == "s3" && key != null
    ],
    [
      for reference in [local.webhook_reference] : {
        Sid      = "ReadTheWebhook"
        Effect   = "Allow"
        Action   = [local.webhook_in_ssm ? "ssm:GetParameter" : "secretsmanager:GetSecretValue"]
        Resource = [local.webhook_arn]
      } if reference != ""
    ],
    [
      for secrets in [local.named_secret_arns["secretsmanager"]] : {
        Sid      = "ReadOtherSecrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = secrets
      } if length(secrets) > 0
    ],
    [
      for secrets in [[for arn in var.channel_secret_arns : arn if strcontains(arn, ":secretsmanager:")]] : {
        Sid      = "ReadSecretsOfChannels"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = secrets
      } if length(secrets) > 0
    ],
    [
      for parameters in [[for arn in var.channel_secret_arns : arn if strcontains(arn, ":ssm:")]] : {
        Sid      = "ReadParametersOfChannels"
        Effect   = "Allow"
        Action   = ["ssm:GetParameter"]
        Resource = parameters
      } if length(parameters) > 0
    ],
    [
      for topics in [local.channel_topics] : {
        Sid      = "PublishToChannels"
        Effect   = "Allow"
        Action   = ["sns:Publish"]
        Resource = topics
      } if length(topics) > 0
    ],
    [
      for parameters in [local.named_secret_arns["ssm"]] : {
        Sid      = "ReadOtherSecretParameters"
        Effect   = "Allow"
        Action   = ["ssm:GetParameter"]
        Resource = parameters
      } if length(parameters) > 0
    ],
    [
      for key in [var.slack_webhook_kms_key_arn] : {
        Sid      = "DecryptTheWebhook"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [key]
        # Both name what they encrypt: nothing else that is encrypted with this key can be read.
        Condition = { StringLike = {
          "kms:EncryptionContext:${local.webhook_in_ssm ? "PARAMETER_ARN" : "SecretARN"}" = local.webhook_arn
        } }
      } if key != null && local.webhook_reference != ""
    ],
  )
}
