# Who may assume the role, and what it may do. This file and variables.tf need no provider: the tests render them with Terraform
# alone.

locals {
  # IAM takes no more for all inline policies of a role.
  longest_policy = 10240

  trust_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge(
      {
        Effect    = "Allow"
        Principal = { AWS = var.function_role_arn }
        Action    = "sts:AssumeRole"
      },
      { for id in [var.external_id] : "Condition" => { StringEquals = { "sts:ExternalId" = id } } if id != null },
    )]
  })

  # The roles to pass on are those of this account, as policy.tf has those of the function's own.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      jsondecode(var.policy).Statement,
      [
        for roles in [var.schedule_role_arns] : {
          Sid       = "PassTheRolesOfSchedules"
          Effect    = "Allow"
          Action    = ["iam:PassRole"]
          Resource  = roles
          Condition = { StringEquals = { "iam:PassedToService" = ["scheduler.amazonaws.com", "events.amazonaws.com"] } }
        } if length(roles) > 0
      ],
      [
        for roles in [var.task_role_arns] : {
          Sid       = "PassTheRolesOfTheTasks"
          Effect    = "Allow"
          Action    = ["iam:PassRole"]
          Resource  = roles
          Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
        } if length(roles) > 0
      ],
      [
        for roles in [var.hook_role_arns] : {
          Sid       = "PassTheRolesOfHooks"
          Effect    = "Allow"
          Action    = ["iam:PassRole"]
          Resource  = roles
          Condition = { StringEquals = { "iam:PassedToService" = "ecs.amazonaws.com" } }
        } if length(roles) > 0
      ],
    )
  })
}

output "trust_policy" {
  description = "Who may assume the role, as JSON."
  value       = local.trust_policy
}

output "policy" {
  description = "What the role may do, as JSON."
  value       = local.policy

  precondition {
    condition     = length(local.policy) <= local.longest_policy
    error_message = "The policy of the role is longer than the 10,240 characters that IAM allows. Give fewer task_role_arns."
  }
}
