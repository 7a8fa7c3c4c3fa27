# How events reach the function: straight, or those that ask for deployments through a queue.

locals {
  # What ECS says and the clock of the sweep come straight in any case: they are no changes that one rollout could carry
  # together, and behind deployments that are waited for they would be late.
  queued_rules = var.enable_queue ? [for kind in ["ecr", "manual", "s3", "secret", "ssm"] : kind if local.rule_wanted[kind]] : []
  queue_wanted = length(local.queued_rules) > 0

  queue_name             = "${local.name}-events"
  queue_arn              = "${local.sqs_arn}:${local.queue_name}"
  queue_dead_letter_name = "${local.queue_name}-failed"
  queue_dead_letter_arn  = "${local.sqs_arn}:${local.queue_dead_letter_name}"

  queue = {
    name  = local.queue_name
    arn   = local.queue_arn
    rules = local.queued_rules

    window_seconds    = var.queue_window_seconds
    batch_size        = var.queue_batch_size
    max_concurrency   = var.queue_max_concurrency
    max_receive_count = var.queue_max_receive_count

    # AWS advises six times the function's timeout and the window (Lambda developer guide, Amazon SQS).
    visibility_timeout_seconds = 6 * var.timeout_seconds + var.queue_window_seconds
    retention_seconds          = 345600 # 4 days

    policy = jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "EventsOfTheRules"
          Effect    = "Allow"
          Principal = { Service = "events.amazonaws.com" }
          Action    = "sqs:SendMessage"
          Resource  = local.queue_arn
          Condition = { ArnEquals = { "aws:SourceArn" = [for kind in local.queued_rules : local.rule_arns[kind]] } }
        },
        local.nobody_by_hand["events"],
        local.no_plain_http["events"],
      ]
    })

    dead_letter = {
      name = local.queue_dead_letter_name
      arn  = local.queue_dead_letter_arn
      # The most that SQS keeps. It counts from when the event came into the first queue.
      retention_seconds = 1209600
      policy = jsonencode({
        Version   = "2012-10-17"
        Statement = [local.nobody_by_hand["events_failed"], local.no_plain_http["events_failed"]]
      })
    }
  }

  # The policy of the queue for failed events: EventBridge itself puts there what it cannot hand over at all, to Lambda or
  # to the queue of the rules.
  dead_letter_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "UndeliverableEvents"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.dead_letter_queue_arn
        Condition = { ArnEquals = { "aws:SourceArn" = [for kind in keys(local.rules) : local.rule_arns[kind]] } }
      },
      local.nobody_by_hand["failed"],
      local.no_plain_http["failed"],
    ]
  })

  rule_arns = {
    for kind in keys(local.rules) :
    kind => "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${local.name}-${kind}"
  }

  # Two statements for the policy of each queue.
  queue_arns = {
    failed        = local.dead_letter_queue_arn
    events        = local.queue_arn
    events_failed = local.queue_dead_letter_arn
  }

  # The function believes what comes out of its queues. Whoever may send to every queue of the account could put an event
  # there that looks like AWS's own; so nobody may but AWS's services, of which a statement above lets in EventBridge with
  # our rules alone, and who is named. SQS's own redrive sends with the permissions of the one who starts it.
  # The function itself, with its role, says what it could not do.
  queue_senders = {
    failed        = concat([local.role_arn], var.queue_operator_arns)
    events        = var.queue_operator_arns
    events_failed = var.queue_operator_arns
  }
  nobody_by_hand = {
    for key, arn in local.queue_arns :
    key => {
      Sid       = "NobodyByHand"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:SendMessage"
      Resource  = arn
      Condition = merge(
        { BoolIfExists = { "aws:PrincipalIsAWSService" = "false" } },
        { for senders in [local.queue_senders[key]] : "ArnNotLike" => { "aws:PrincipalArn" = senders } if length(senders) > 0 },
      )
    }
  }
  no_plain_http = {
    for key, arn in local.queue_arns :
    key => {
      Sid       = "NoPlainHttp"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }
  }
}
