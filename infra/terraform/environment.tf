# The function's environment. This file, patterns.tf, delivery.tf, policy.tf, documents.tf and variables.tf need no
# provider: the tests render them with Terraform alone.

locals {
  # What the function takes when a variable is missing (src/config/settings.cpp).
  function_defaults = {
    LOG_LEVEL                           = "info"
    CLUSTER_NAME_PATTERN                = "{project}_cluster_{env}"
    SERVICE_NAME_PATTERN                = "{project}_service_{name}_{env}"
    TASK_FAMILY_PATTERN                 = "{project}_service_{name}_{env}"
    ENABLE_SLACK_NOTIFICATIONS          = "true"
    DEPLOYMENT_TIMEOUT_SECONDS          = "600"
    WAIT_FOR_DEPLOYMENT                 = "false"
    ROLLBACK_ON_FAILURE                 = "false"
    SWEEP_INTERVAL_SECONDS              = "0"
    COALESCE_SECONDS                    = "0"
    MAX_DEPLOYMENT_RETRIES              = "2"
    DRY_RUN                             = "false"
    ENABLE_ECR_MONITORING               = "true"
    ENABLE_SSM_MONITORING               = "true"
    ENABLE_S3_MONITORING                = "true"
    ENABLE_MANUAL_DEPLOY                = "true"
    REQUESTS_WITHOUT_ENV                = "warn"
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS = "false"
    ALLOW_PLAIN_HTTP                    = "false"
    AWS_USE_FIPS_ENDPOINT               = "false"
    AWS_USE_DUALSTACK_ENDPOINT          = "false"
  }

  # The function wants SERVICE_CONFIG said when files are watched, even if there are none.
  service_config_needed = var.enable_s3_monitoring && length(var.s3_service_map) == 0

  # Who waits needs time for the rest of the burst, and for the calls before and after. Lambda has no longer timeout.
  waiting_timeout = min(var.deployment_timeout_seconds + var.coalesce_seconds + 30, 900)

  settings = {
    PROJECT_NAME                        = var.project_name
    PROJECT_ENV                         = var.project_env
    LOG_LEVEL                           = var.log_level
    CLUSTER_NAME_PATTERN                = var.cluster_name_pattern
    SERVICE_NAME_PATTERN                = var.service_name_pattern
    TASK_FAMILY_PATTERN                 = var.task_family_pattern
    BACKEND_SERVICE_NAME                = var.backend_service_name
    ENABLE_SLACK_NOTIFICATIONS          = tostring(var.enable_slack_notifications)
    SERVICE_CONFIG                      = length(var.service_config) > 0 || local.service_config_needed ? jsonencode(var.service_config) : ""
    DEPLOYMENT_TIMEOUT_SECONDS          = tostring(var.deployment_timeout_seconds)
    WAIT_FOR_DEPLOYMENT                 = tostring(var.wait_for_deployment)
    ROLLBACK_ON_FAILURE                 = tostring(var.rollback_on_failure)
    SWEEP_INTERVAL_SECONDS              = tostring(var.sweep_interval_seconds)
    COALESCE_SECONDS                    = tostring(var.coalesce_seconds)
    MAX_DEPLOYMENT_RETRIES              = tostring(var.max_deployment_retries)
    DRY_RUN                             = tostring(var.dry_run)
    ENABLE_ECR_MONITORING               = tostring(var.enable_ecr_monitoring)
    ENABLE_SSM_MONITORING               = tostring(var.enable_ssm_monitoring)
    ENABLE_S3_MONITORING                = tostring(var.enable_s3_monitoring)
    ENABLE_MANUAL_DEPLOY                = tostring(var.enable_manual_deploy)
    REQUESTS_WITHOUT_ENV                = var.requests_without_env
    EVENT_ACCOUNTS                      = join(",", var.event_accounts)
    EVENT_REGIONS                       = join(",", var.event_regions)
    ECS_CLUSTER_NAME                    = var.ecs_cluster_name
    ECS_SERVICE_MAP                     = length(var.ecs_service_map) > 0 ? jsonencode(var.ecs_service_map) : ""
    ECR_REPO_MAP                        = length(var.ecr_repo_map) > 0 ? jsonencode(var.ecr_repo_map) : ""
    SSM_SERVICE_MAP                     = length(var.ssm_service_map) > 0 ? jsonencode(var.ssm_service_map) : ""
    S3_SERVICE_MAP                      = length(var.s3_service_map) > 0 ? jsonencode(var.s3_service_map) : ""
    AUTO_DEPLOY_MAP                     = length(var.auto_deploy_map) > 0 ? jsonencode(var.auto_deploy_map) : ""
    AWS_ENDPOINT_URL_ECS                = var.aws_endpoint_url_ecs
    AWS_ENDPOINT_URL                    = var.aws_endpoint_url
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS = tostring(var.aws_ignore_configured_endpoint_urls)
    ALLOW_PLAIN_HTTP                    = tostring(var.allow_plain_http)
    AWS_USE_FIPS_ENDPOINT               = tostring(var.aws_use_fips_endpoint)
    AWS_USE_DUALSTACK_ENDPOINT          = tostring(var.aws_use_dualstack_endpoint)
    AWS_CA_BUNDLE                       = var.aws_ca_bundle
  }

  # Only what differs from the defaults, because Lambda allows 4 KB for all of it.
  environment = merge(
    { for name, value in local.settings : name => value if value != lookup(local.function_defaults, name, "") },
    var.slack_webhook_url == null ? {} : { SLACK_WEBHOOK_URL = var.slack_webhook_url },
  )
}
