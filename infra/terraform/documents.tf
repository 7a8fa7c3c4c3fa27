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
    condition     = local.environment_bytes <= local.environment_limit || local.config_store == "environment"
    error_message = "The configuration is longer than the 4 KB that Lambda allows for all environment variables. Give services in place of the maps: they are kept elsewhere where they do not fit. Or leave out what the naming rules say already."
  }
  precondition {
    condition     = !(var.wait_for_deployment || length(var.target_order) > 0) || var.timeout_seconds >= local.waiting_timeout
    error_message = "With wait_for_deployment, or a target_order, the function stays until its rollouts have ended: timeout_seconds must be at least ${local.waiting_timeout} (deployment_timeout_seconds + coalesce_seconds + 30, or 900, the most that Lambda has), not ${var.timeout_seconds}."
  }
}

output "configuration" {
  description = "The configuration document that is made of services, where it is kept, what CI_LAMBDA_CONFIG says, and its size in bytes; null without services."
  value = local.by_services ? {
    store     = local.config_store
    reference = local.config_reference
    document  = local.document
    bytes     = local.document_bytes
  } : null

  precondition {
    condition     = !local.by_services || length(local.maps_given) == 0
    error_message = "services are given, and ${join(", ", local.maps_given)} as well. A map would replace what services say of the same: move what is in it into services."
  }
  precondition {
    condition     = length(local.backends) <= 1
    error_message = "services: ${join(" and ", local.backends)} are the same service, the backend. Keep one of them."
  }
  precondition {
    condition     = length(distinct(values(local.ecs_services)[*].service_name)) == length(local.ecs_services)
    error_message = "services: two services have the same name in ECS. Give one of them another service_name."
  }
  precondition {
    condition     = alltrue(flatten([for service in values(local.ecs_services) : [for name in values(service) : name != ""]]))
    error_message = "services: the patterns leave no name for the backend. Give it a service_name and a task_family."
  }
  precondition {
    condition     = local.config_store != "environment" || local.inline_bytes <= local.environment_limit
    error_message = "services do not fit into the environment: with all variables they take ${local.inline_bytes} of the 4,096 bytes that Lambda allows. Leave config_store out, or make it ssm, package or s3."
  }
  precondition {
    condition     = local.config_store != "ssm" || local.document_bytes <= local.parameter_limit
    error_message = "services do not fit into a parameter: they take ${local.document_bytes} of the 8,192 bytes that SSM allows. Make config_store package or s3."
  }
  precondition {
    condition     = local.document_bytes <= local.document_limit
    error_message = "services take ${local.document_bytes} bytes; the function reads a megabyte at most. Divide the project among several installations."
  }
  precondition {
    condition     = local.config_store != "s3" || var.config_s3 != null
    error_message = "In which bucket? config_store = \"s3\" needs config_s3 = { bucket = \"..\" }."
  }
  precondition {
    condition     = var.config_s3 == null || contains(["s3", "none"], local.config_store)
    error_message = "config_s3 is given, but the configuration is kept elsewhere (${local.config_store}). Give config_store = \"s3\", or leave config_s3 out."
  }
  precondition {
    condition     = local.config_store != "package" || length(var.layers) < 5
    error_message = "A function has five layers at most, and config_store = \"package\" needs one of them. Give four layers, or make config_store ssm or s3."
  }
}

output "target_policies" {
  description = "The policies of the roles of targets, as JSON, by the names of the targets: for modules/target-role, which adds the roles that may be passed on."
  value       = local.target_policies

  precondition {
    condition     = length(var.regions) == 0 || length(var.targets) == 0
    error_message = "regions and targets both say where to deploy: leave one of them out."
  }
  precondition {
    condition     = length(var.target_order) == 0 || sort(var.target_order) == sort(keys(local.targets))
    error_message = "target_order has to name every target once; they are: ${join(", ", keys(local.targets))}."
  }
  precondition {
    condition     = alltrue([for policy in values(local.target_policies) : length(policy) <= local.longest_policy - local.room_for_passing])
    error_message = "The policy of a target's role is longer than IAM allows. Give targets with the same role another one each."
  }
}

output "schedules" {
  description = "The schedules of the EventBridge rules that have one, by kind: sweep."
  value       = { for kind, rule in local.rules : kind => rule.schedule if rule.schedule != null }
}

output "pipelines" {
  description = "What the state machine of pipelines is like: its definition, the policy of its role and who may assume that, as JSON; null without enable_pipelines."
  value       = local.state_machine_made ? local.pipelines : null
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
    error_message = "These patterns are longer than the 2,048 characters that EventBridge allows: ${join(", ", [for kind, pattern in local.event_patterns : kind if length(pattern) > local.longest_pattern])}. Use fewer repositories, parameters or buckets."
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
