locals {
  rule_descriptions = {
    ecr    = "Pushed images"
    ssm    = "Changed parameters"
    secret = "Changed secrets"
    s3     = "Changed files"
    ecs    = "What ECS says about deployments"
    manual = "Manual requests"
    sweep  = "The clock of the sweep"

    code-deploy = "What CodeDeploy says about deployments"
    tasks       = "Ends of the tasks before and after deployments"
  }
}

resource "aws_cloudwatch_event_rule" "events" {
  for_each = local.rules

  name                = "${local.name}-${each.key}"
  description         = "${local.rule_descriptions[each.key]} of ${var.project_name} (${var.project_env}), for ${local.name}"
  event_pattern       = each.value.pattern
  schedule_expression = each.value.schedule
  tags                = var.tags
}

# Events are handed on as they are, without an `input`: the sweep needs the time of its event, too.
# The queue must take them before a rule sends them there.
resource "aws_cloudwatch_event_target" "function" {
  for_each = aws_cloudwatch_event_rule.events

  rule = each.value.name
  arn  = contains(local.queued_rules, each.key) ? local.queue.arn : aws_lambda_function.function.arn

  retry_policy {
    maximum_event_age_in_seconds = var.max_event_age_seconds
    maximum_retry_attempts       = 185 # EventBridge's default, which the provider does not have
  }

  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }

  depends_on = [aws_sqs_queue_policy.events]
}

resource "aws_lambda_permission" "events" {
  for_each = { for kind, rule in aws_cloudwatch_event_rule.events : kind => rule if !contains(local.queued_rules, kind) }

  statement_id  = "events-${each.key}"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.function.function_name
  principal     = "events.amazonaws.com"
  source_arn    = each.value.arn
}

# The accounts whose events are sent here. Whoever may put events there could ask for deployments by hand as well: the rules name
# the accounts whose requests count.
resource "aws_cloudwatch_event_permission" "accounts" {
  for_each = toset(local.bus_accounts)

  principal    = each.value
  statement_id = "${local.name}-${each.value}"
  action       = "events:PutEvents"
}
