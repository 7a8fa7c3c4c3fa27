data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id
  # `id`, because `name` is deprecated from version 6 of the provider and `region` is new in it.
  region = data.aws_region.current.id
}

resource "aws_cloudwatch_event_rule" "events" {
  for_each = local.patterns

  name          = "${local.name}-${each.key}"
  description   = "Sends events (${each.key}) to ${local.name}, which is elsewhere"
  event_pattern = each.value
  tags          = var.tags
}

# Without a retry_policy: it is not written down that EventBridge takes one for another bus. It tries for a day.
resource "aws_cloudwatch_event_target" "hub" {
  for_each = aws_cloudwatch_event_rule.events

  rule     = each.value.name
  arn      = var.hub.bus_arn
  role_arn = aws_iam_role.sender.arn

  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }

  depends_on = [aws_iam_role_policy.sender, aws_sqs_queue_policy.failed]
}

resource "aws_iam_role" "sender" {
  name        = local.role_name
  description = "EventBridge in ${local.region} sends events to ${local.name}"
  tags        = var.tags

  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = local.trust_policy
}

resource "aws_iam_role_policy" "sender" {
  name   = "ci_lambda"
  role   = aws_iam_role.sender.id
  policy = local.policy
}

resource "aws_sqs_queue" "failed" {
  name                      = local.queue_name
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

resource "aws_cloudwatch_metric_alarm" "failed" {
  alarm_name          = "${local.name}-failed-events"
  alarm_description   = "Events of ${local.region} did not reach ${local.name}; they are in the queue ${local.queue_name} of this region. docs/operating.md says how to send them again with `ci_lambda replay`."
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

output "rule_arns" {
  description = "The ARNs of the EventBridge rules, by kind."
  value       = { for kind, rule in aws_cloudwatch_event_rule.events : kind => rule.arn }
}

output "dead_letter_queue_url" {
  description = "The queue of the events that could not be sent."
  value       = aws_sqs_queue.failed.url
}
