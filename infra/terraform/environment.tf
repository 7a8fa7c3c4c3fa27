# The function's environment. This file, settings.tf, services.tf, config.tf, targets.tf, patterns.tf, delivery.tf,
# policy.tf, documents.tf and variables.tf need no provider: the tests render them with Terraform alone.

locals {
  # The function wants SERVICE_CONFIG said when files are watched, even if there are none; and with a document never, where
  # it would replace the files of all services.
  service_config_needed = var.enable_s3_monitoring && length(var.s3_service_map) == 0 && !local.by_services

  # Who waits needs time for the rest of the burst, and for the calls before and after. Lambda has no longer timeout.
  waiting_timeout = min(var.deployment_timeout_seconds + var.coalesce_seconds + 30, 900)

  # What is watched once a rollout has completed goes on by one-time schedules, which call the function with this role.
  # An HTTP API of somebody else's may be in front of it as well.
  door_wanted   = var.enable_function_url || var.function_url != ""
  verify_wanted = length(var.verify_alarms) > 0 || length(var.verify_urls) > 0 || var.verify_schedule_role != ""
  holds_wanted  = var.holds || var.freeze_windows != "" || length(var.change_calendars) > 0 || local.services_frozen
  # What is held begins by them as well, and what is to be approved is reminded of, by the same role and group.
  calls_wanted     = local.verify_wanted || local.holds_wanted || local.approvals_wanted || var.schedule_role != ""
  calls_role_given = var.schedule_role != "" ? var.schedule_role : var.verify_schedule_role
  calls_group      = var.schedule_group != "" ? var.schedule_group : var.verify_schedule_group
  verify_role_made = local.calls_wanted && local.calls_role_given == ""
  verify_role_name = "${local.name}-verify"
  verify_role_arn  = local.verify_role_made ? "arn:${local.partition}:iam::${local.account_id}:role/${local.verify_role_name}" : local.calls_role_given
  # Two runs of one pipeline are told apart by a tag of its first service.
  pipelines_wanted  = var.pipelines != "" || var.enable_pipelines || var.pipeline_state_machine != ""
  promotions_wanted = strcontains(var.pipelines, "\"promote\"")
  # Its ARN is composed, as the function is told of it and it of the function.
  state_machine_made = var.enable_pipelines && var.pipeline_state_machine == ""
  state_machine_name = "${local.name}-pipelines"
  state_machine_arn  = local.state_machine_made ? "arn:${local.partition}:states:${local.region}:${local.account_id}:stateMachine:${local.state_machine_name}" : var.pipeline_state_machine
  # What was found out bad has to be taken back, and with it what other targets have got already. A task after a deployment may find it so.
  rollback_wanted = var.rollback_on_failure || local.verify_wanted || var.roll_back_earlier_targets || local.before_wanted

  settings = merge(local.plain_settings, {
    PROJECT_NAME    = var.project_name
    PROJECT_ENV     = var.project_env
    SERVICE_CONFIG  = length(var.service_config) > 0 || local.service_config_needed ? jsonencode(var.service_config) : ""
    ECS_SERVICE_MAP = length(var.ecs_service_map) > 0 ? jsonencode(var.ecs_service_map) : ""
    ECR_REPO_MAP    = length(var.ecr_repo_map) > 0 ? jsonencode(var.ecr_repo_map) : ""
    SSM_SERVICE_MAP = length(var.ssm_service_map) > 0 ? jsonencode(var.ssm_service_map) : ""
    S3_SERVICE_MAP  = length(var.s3_service_map) > 0 ? jsonencode(var.s3_service_map) : ""
    AUTO_DEPLOY_MAP = length(var.auto_deploy_map) > 0 ? jsonencode(var.auto_deploy_map) : ""
    ECR_TAG_FILTER  = length(var.ecr_tag_filter) > 0 ? jsonencode(var.ecr_tag_filter) : ""
    SCHEDULED_TASK_MAP = length(var.scheduled_task_map) > 0 ? jsonencode({
      for id, task in var.scheduled_task_map : id => { for name, value in task : name => value if value != null }
    }) : ""
    TARGETS = length(var.targets) > 0 ? jsonencode({
      for name, target in var.targets : name => { for key, value in target : key => value if value != null }
    }) : ""
    VERIFY_ALARMS = length(var.verify_alarms) > 0 ? jsonencode(var.verify_alarms) : ""
    VERIFY_URLS = length(var.verify_urls) > 0 ? jsonencode({
      for id, urls in var.verify_urls : id => [for one in urls : { for name, value in one : name => value if value != null }]
    }) : ""
    VERIFY_SCHEDULE_ROLE   = local.verify_role_made ? local.verify_role_arn : var.verify_schedule_role
    PIPELINE_STATE_MACHINE = local.state_machine_arn
  })

  # Only what differs from the defaults, because Lambda allows 4 KB for all of it.
  said_settings = { for name, value in local.settings : name => value if value != lookup(local.function_defaults, name, "") }
  environment = merge(
    local.said_settings,
    var.slack_webhook_url == null ? {} : { SLACK_WEBHOOK_URL = var.slack_webhook_url },
    local.by_services ? { CI_LAMBDA_CONFIG = local.config_reference } : {},
  )
  environment_bytes = sum([
    for name, value in local.environment : floor(length(replace(base64encode("${name}${value}"), "=", "")) * 3 / 4)
  ])
}
