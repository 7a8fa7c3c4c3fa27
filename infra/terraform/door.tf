# The way by HTTP to what waits for an approval (docs/approvals.md).
#
# Its address is known once the function is there, and the function is told of it by FUNCTION_URL: so it takes two applies.

resource "aws_lambda_function_url" "function" {
  # checkov:skip=CKV_AWS_258: browsers and Slack cannot sign for IAM; the function itself checks signatures and tokens
  count = var.enable_function_url ? 1 : 0

  function_name      = aws_lambda_function.function.function_name
  authorization_type = "NONE"
  # Of authorization_type NONE the provider itself lets everybody call it: by lambda:InvokeFunctionUrl, and from version 6.29
  # on by lambda:InvokeFunction under lambda:InvokedViaFunctionUrl, too. Lambda wants both of URLs made since October 2025, and
  # older versions of the provider cannot say the second one.
}
