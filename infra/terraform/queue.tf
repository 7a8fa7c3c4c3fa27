# The queue between EventBridge and the function, for those who want it (enable_queue): the rules send changes and requests
# into it, and Lambda hands them to the function in batches.

resource "aws_sqs_queue" "events" {
  count = local.queue_wanted ? 1 : 0

  name                       = local.queue.name
  sqs_managed_sse_enabled    = true
  visibility_timeout_seconds = local.queue.visibility_timeout_seconds
  message_retention_seconds  = local.queue.retention_seconds
  tags                       = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.events_failed[0].arn
    maxReceiveCount     = local.queue.max_receive_count
  })
}

resource "aws_sqs_queue_policy" "events" {
  count = local.queue_wanted ? 1 : 0

  queue_url = aws_sqs_queue.events[0].url
  policy    = local.queue.policy
}

# A dead-letter queue of its own: SQS moves back only what came out of a queue, and the other one has what did not.
resource "aws_sqs_queue" "events_failed" {
  count = local.queue_wanted ? 1 : 0

  name                      = local.queue.dead_letter.name
  sqs_managed_sse_enabled   = true
  message_retention_seconds = local.queue.dead_letter.retention_seconds
  tags                      = var.tags

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.queue.arn]
  })
}

resource "aws_sqs_queue_policy" "events_failed" {
  count = local.queue_wanted ? 1 : 0

  queue_url = aws_sqs_queue.events_failed[0].url
  policy    = local.queue.dead_letter.policy
}

resource "aws_lambda_event_source_mapping" "events" {
  count = local.queue_wanted ? 1 : 0

  event_source_arn                   = aws_sqs_queue.events[0].arn
  function_name                      = aws_lambda_function.function.arn
  batch_size                         = local.queue.batch_size
  maximum_batching_window_in_seconds = local.queue.window_seconds
  # Without it one event that fails would bring back the whole batch.
  function_response_types = ["ReportBatchItemFailures"]

  dynamic "scaling_config" {
    for_each = local.queue.max_concurrency == null ? [] : [local.queue.max_concurrency]
    content {
      maximum_concurrency = scaling_config.value
    }
  }
}
