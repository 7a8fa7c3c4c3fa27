resource "aws_iam_role" "target" {
  name        = var.name
  description = "What ci_lambda deploys with in this account"
  tags        = var.tags

  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = local.trust_policy
}

resource "aws_iam_role_policy" "target" {
  name   = "ci_lambda"
  role   = aws_iam_role.target.id
  policy = local.policy
}

output "role_arn" {
  description = "The ARN of the role."
  value       = aws_iam_role.target.arn
}
