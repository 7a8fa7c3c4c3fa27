resource "aws_iam_role" "function" {
  name        = local.name
  description = "The function ${local.name}"
  tags        = var.tags

  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  name   = "ci_lambda"
  role   = aws_iam_role.function.id
  policy = local.policy
}

# What EventBridge Scheduler calls the function with, to look again at what has been deployed.
resource "aws_iam_role" "verify" {
  count       = local.verify_role_made ? 1 : 0
  name        = local.verify_role_name
  description = "EventBridge Scheduler calls ${local.name}"
  tags        = var.tags

  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "verify" {
  count = local.verify_role_made ? 1 : 0
  name  = "ci_lambda"
  role  = aws_iam_role.verify[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "CallTheFunction"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [local.function_arn, "${local.function_arn}:*"]
    }]
  })
}
