# What the module writes, to look at, and the limits that it must keep.

output "environment" {
  description = "The function's environment variables."
  value       = local.environment
  sensitive   = true

  precondition {
    condition     = (var.package_path == null) != (var.package_s3 == null)
    error_message = "Where is the zip? Give either package_path or package_s3."
  }
  precondition {
    condition     = sum([for name, value in local.environment : length(name) + length(value)]) <= 4096
    error_message = "The configuration is longer than the 4 KB that Lambda allows for all environment variables. Shorten the maps: leave out what the naming rules say already."
  }
  precondition {
    condition     = !var.wait_for_deployment || var.timeout_seconds >= local.waiting_timeout
    error_message = "With wait_for_deployment the function stays until its rollouts have ended: timeout_seconds must be at least ${local.waiting_timeout} (deployment_timeout_seconds + coalesce_seconds + 30, or 900, the most that Lambda has), not ${var.timeout_seconds}."
  }
}

output "schedules" {
  description = "The schedules of the EventBridge rules that have one, by kind: sweep."
  value       = { for kind, rule in local.rules : kind => rule.schedule if rule.schedule != null }
}

output "queue" {
  description = "What the queue between EventBridge and the function is like: its settings, its policy as JSON, its dead-letter queue, and which rules send into it; null without enable_queue."
  value       = local.queue_wanted ? local.queue : null

  precondition {
    condition     = !local.queue_wanted || var.queue_window_seconds > 0 || var.queue_batch_size <= 10
    error_message = "Without a window Lambda takes no more than 10 events at once. Give queue_window_seconds at least 1, or queue_batch_size at most 10."
  }
  precondition {
    # With a null in it the comparison fails: nothing is reserved, or nothing is said.
    condition     = !local.queue_wanted || try(var.queue_max_concurrency <= var.reserved_concurrency, var.reserved_concurrency == null)
    error_message = "Lambda takes events out of the queue without regard to reserved_concurrency, and those that find no room lose attempts. Give queue_max_concurrency as well, from 2 to reserved_concurrency; or reserve nothing."
  }
}

output "event_patterns" {
  description = "The patterns of the EventBridge rules, by kind, as JSON."
  value       = local.event_patterns

  precondition {
    condition     = alltrue([for pattern in values(local.event_patterns) : length(pattern) <= local.longest_pattern])
    error_message = "These patterns are longer than the 2,048 characters that EventBridge allows: ${join(", ", [for kind, pattern in local.event_patterns : kind if length(pattern) > local.longest_pattern])}. Use fewer names in ecr_repo_map or ssm_service_map, or fewer buckets."
  }
}

output "dead_letter_policy" {
  description = "The policy of the queue for failed events, as JSON."
  value       = local.dead_letter_policy
}

output "policy" {
  description = "The policy of the function's role, as JSON."
  value       = local.policy

  precondition {
    condition     = length(local.name) <= 50
    error_message = "The name ${local.name} is longer than 50 characters, which leaves no room for the names of the rules. Give a function_name."
  }
  precondition {
    condition     = length(local.policy) <= local.longest_policy
    error_message = "The policy of the role is longer than the 10,240 characters that IAM allows. Give fewer task_role_arns."
  }
}
