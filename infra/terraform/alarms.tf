resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${local.name}-errors"
  alarm_description   = "${local.name} could not do what an event asked for. Its log, ${local.log_group_name}, says which service and why; an event that came straight is tried again ${var.retry_attempts} times."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.function.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  alarm_name          = "${local.name}-failed-events"
  alarm_description   = "Events were given up; they are in the queue ${local.dead_letter_queue_name}, most of them with their error. docs/operating.md says how to send them again with `ci_lambda replay`."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.failed.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "events_waiting" {
  count = local.queue_wanted ? 1 : 0

  alarm_name          = "${local.name}-events-waiting"
  alarm_description   = "The oldest event in the queue ${local.queue.name} waits for more than ${local.queue.visibility_timeout_seconds} s: what it asks for failed and is tried again, or nothing takes it out. The log, ${local.log_group_name}, says which."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = local.queue.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = local.queue.visibility_timeout_seconds
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "events_failed" {
  count = local.queue_wanted ? 1 : 0

  alarm_name          = "${local.name}-events-failed"
  alarm_description   = "Events were given up after ${local.queue.max_receive_count} attempts; they are in the queue ${local.queue.dead_letter.name}. The log, ${local.log_group_name}, says why. docs/operating.md says how to send them again with `ci_lambda replay`."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = local.queue.dead_letter.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

# A rollout that goes wrong is no error of the function (docs/adr/0006): only its own metrics see it.
resource "aws_cloudwatch_metric_alarm" "rollouts_failed" {
  count = var.enable_metric_alarms ? 1 : 0

  alarm_name          = "${local.name}-rollouts-failed"
  alarm_description   = "A rollout of ${var.project_name} ${var.project_env} has failed, or takes too long. `ci_lambda status` says how each service stands, the log, ${local.log_group_name}, why (deployment verdict); `ci_lambda rollback SERVICE` where nothing has gone back by itself."
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags

  metric_query {
    id          = "bad"
    expression  = "FILL(failed, 0) + FILL(timed_out, 0)"
    label       = "failed or too late"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { failed = "DeploymentsFailed", timed_out = "DeploymentsTimedOut" }
    content {
      id = metric_query.key
      metric {
        namespace   = "ci_lambda"
        metric_name = metric_query.value
        dimensions  = { project = var.project_name, environment = var.project_env }
        stat        = "Sum"
        period      = 300
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "notifications_lost" {
  count = var.enable_metric_alarms ? 1 : 0

  alarm_name          = "${local.name}-notifications-lost"
  alarm_description   = "A message of ${var.project_name} ${var.project_env} did not reach its channel. The warnings in the log, ${local.log_group_name}, say which and why: a webhook that is wrong or revoked, or a service that is down. Nothing was deployed less for it."
  namespace           = "ci_lambda"
  metric_name         = "NotificationsLost"
  dimensions          = { project = var.project_name, environment = var.project_env }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "throttled" {
  count = var.enable_metric_alarms ? 1 : 0

  alarm_name          = "${local.name}-throttled"
  alarm_description   = "Lambda has refused to run ${local.name}: raise reserved_concurrency, or the account's limit. What came straight is tried again for ${var.max_event_age_seconds} s, then it is in the queue ${local.dead_letter_queue_name}."
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.function.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "event_age" {
  count = var.enable_metric_alarms ? 1 : 0

  alarm_name          = "${local.name}-event-age"
  alarm_description   = "An event has waited for more than five minutes until ${local.name} ran: it is throttled, or each try fails, which its log, ${local.log_group_name}, says. What gets older than ${var.max_event_age_seconds} s is in the queue ${local.dead_letter_queue_name}."
  namespace           = "AWS/Lambda"
  metric_name         = "AsyncEventAge"
  dimensions          = { FunctionName = aws_lambda_function.function.function_name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 300000
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_dashboard" "metrics" {
  count = var.enable_dashboard ? 1 : 0

  dashboard_name = local.name
  dashboard_body = templatefile("${path.module}/dashboard.json", {
    project     = var.project_name
    environment = var.project_env
    function    = aws_lambda_function.function.function_name
    region      = local.region
  })
}
