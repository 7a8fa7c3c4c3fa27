output "function_name" {
  description = "The name of the function."
  value       = aws_lambda_function.function.function_name
}

output "function_arn" {
  description = "The ARN of the function."
  value       = aws_lambda_function.function.arn
}

output "function_url" {
  description = "The function's URL, for the input of the same name; null without enable_function_url."
  value       = one(aws_lambda_function_url.function[*].function_url)
}

output "pipeline_state_machine" {
  description = "The ARN of the state machine that carries pipelines; null without enable_pipelines."
  value       = one(aws_sfn_state_machine.pipelines[*].arn)
}

output "role_arn" {
  description = "The ARN of the function's role."
  value       = aws_iam_role.function.arn
}

output "log_group_name" {
  description = "The function's log group."
  value       = aws_cloudwatch_log_group.function.name
}

output "dead_letter_queue_url" {
  description = "The queue of the events that came straight and were given up, and of those that could not be delivered."
  value       = aws_sqs_queue.failed.url
}

output "dead_letter_queue_arn" {
  description = "The ARN of that queue."
  value       = aws_sqs_queue.failed.arn
}

output "queue_url" {
  description = "The queue between EventBridge and the function; null without enable_queue."
  value       = one(aws_sqs_queue.events[*].url)
}

output "queue_dead_letter_url" {
  description = "The queue of the events that came out of the queue between EventBridge and the function and were given up; null without enable_queue."
  value       = one(aws_sqs_queue.events_failed[*].url)
}

output "rule_arns" {
  description = "The ARNs of the EventBridge rules, by kind: ecr, ssm, s3, ecs, manual, sweep, code-deploy, tasks."
  value       = { for kind, rule in aws_cloudwatch_event_rule.events : kind => rule.arn }
}

output "forwarding" {
  description = "What modules/forwarding has to know of this installation: the name of the function, the bus that events are sent to, and which."
  value       = local.forwarding
  # EventBridge looks whether the bus takes what another account's rule is to send there.
  depends_on = [aws_cloudwatch_event_permission.accounts]
}
