# The state machine that carries pipelines which take longer than an invocation (docs/pipelines.md).
#
# Its definition, pipelines.asl.json, is what `ci_lambda pipeline asl` writes.

resource "aws_sfn_state_machine" "pipelines" {
  # checkov:skip=CKV_AWS_284: the function has no traces either; the history of an execution says what it did, and when
  # checkov:skip=CKV_AWS_285: Step Functions keeps the history for 90 days, and the function logs what it does
  count = local.state_machine_made ? 1 : 0

  name       = local.state_machine_name
  type       = "STANDARD"
  role_arn   = aws_iam_role.pipelines[0].arn
  definition = local.pipelines.definition
  tags       = var.tags
}

resource "aws_iam_role" "pipelines" {
  count       = local.state_machine_made ? 1 : 0
  name        = local.state_machine_name
  description = "Step Functions calls ${local.name}"
  tags        = var.tags

  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = local.pipelines.trust
}

resource "aws_iam_role_policy" "pipelines" {
  count  = local.state_machine_made ? 1 : 0
  name   = "ci_lambda"
  role   = aws_iam_role.pipelines[0].id
  policy = local.pipelines.policy
}
