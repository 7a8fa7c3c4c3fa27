# What is sent, by whom, and where what could not be sent is kept. This file and variables.tf need no provider: the tests render
# them with Terraform alone.

locals {
  name = var.hub.function_name
  # The name of a role is unique in an account, and a role is made in each region. IAM takes 64 characters.
  role_name = "${substr(local.name, 0, 63 - length(local.region))}-${local.region}"

  # The patterns of the function's own rules, for what happens here alone. Where the function's rule takes nothing from here,
  # nothing is sent.
  patterns = {
    for kind, pattern in var.hub.event_patterns :
    kind => jsonencode(merge(jsondecode(pattern), { account = [local.account_id], region = [local.region] }))
    if contains(jsondecode(pattern).account, local.account_id) && contains(jsondecode(pattern).region, local.region)
    && (var.kinds == null ? true : contains(var.kinds, kind))
  }
  rule_arns = {
    for kind in keys(local.patterns) :
    kind => "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${local.name}-${kind}"
  }

  trust_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account_id }
        ArnEquals    = { "aws:SourceArn" = values(local.rule_arns) }
      }
    }]
  })
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "SendToTheFunctionsBus"
      Effect   = "Allow"
      Action   = ["events:PutEvents"]
      Resource = [var.hub.bus_arn]
    }]
  })

  # As at the function (delivery.tf there): what is sent again out of this queue is believed.
  queue_name = "${local.name}-failed"
  queue_arn  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.queue_name}"
  dead_letter_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "UndeliverableEvents"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.queue_arn
        Condition = { ArnEquals = { "aws:SourceArn" = values(local.rule_arns) } }
      },
      {
        Sid       = "NobodyByHand"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:SendMessage"
        Resource  = local.queue_arn
        Condition = merge(
          { BoolIfExists = { "aws:PrincipalIsAWSService" = "false" } },
          { for senders in [var.queue_operator_arns] : "ArnNotLike" => { "aws:PrincipalArn" = senders } if length(senders) > 0 },
        )
      },
      {
        Sid       = "NoPlainHttp"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = local.queue_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

output "event_patterns" {
  description = "The patterns of the rules, by kind, as JSON: those of the function's own rules, for this account and region alone."
  value       = local.patterns

  precondition {
    condition     = length(local.patterns) > 0
    error_message = "The function takes no events of ${local.account_id} in ${local.region}: name the region in its regions, or both in its targets or in event_accounts and event_regions; then kinds of which it has rules."
  }
  precondition {
    condition     = !startswith(var.hub.bus_arn, "arn:${local.partition}:events:${local.region}:${local.account_id}:")
    error_message = "This is the bus of the function itself: nothing has to be sent from here. Give the module the provider of another region or account."
  }
}

output "role_policy" {
  description = "The policy of the role that sends, as JSON."
  value       = local.policy
}

output "role_trust_policy" {
  description = "Who may use the role that sends, as JSON."
  value       = local.trust_policy
}

output "dead_letter_policy" {
  description = "The policy of the queue for what could not be sent, as JSON."
  value       = local.dead_letter_policy
}
