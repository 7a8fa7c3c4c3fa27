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
