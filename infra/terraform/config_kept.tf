# Where the configuration document is kept, if not in the environment. A new one is made before the old one goes, and the
# function is changed in between: at no time does it look for what is not there.

resource "aws_ssm_parameter" "config" {
  # checkov:skip=CKV_AWS_337: no secret is in it; what it says is in the function's rules and role as well
  # checkov:skip=CKV2_AWS_34: no secret is in it; what it says is in the function's rules and role as well
  count = local.config_store == "ssm" ? 1 : 0

  name        = local.config_parameter
  description = "The configuration of ${local.name}"
  type        = "String"
  # Standard up to 4 KB, advanced above. What has been advanced cannot become standard: said as these, a document that shrinks
  # would be deleted and made anew.
  tier = "Intelligent-Tiering"
  # Not `value`, which a plan does not show.
  insecure_value = local.document
  tags           = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_s3_object" "config" {
  # checkov:skip=CKV_AWS_186: the bucket's own encryption holds; another key is an option (config_s3.kms_key_arn)
  count = local.config_store == "s3" ? 1 : 0

  bucket       = local.config_object.bucket
  key          = local.config_object.key
  content      = local.document
  content_type = "application/json"
  kms_key_id   = local.config_object.kms_key_arn
  tags         = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

# The zip of the layer is a file on this machine. What it is made of is known only while Terraform applies when it changes,
# so that it is made where it is needed: plan and apply may run on two machines.
resource "terraform_data" "config" {
  count = local.config_store == "package" ? 1 : 0
  input = local.document
}

data "archive_file" "config" {
  count = local.config_store == "package" ? 1 : 0

  type             = "zip"
  output_path      = "${path.root}/.terraform/${local.name}-config.zip"
  output_file_mode = "0644"
  source {
    filename = local.config_file
    content  = terraform_data.config[0].output
  }
}

# A layer, because the zip of the function is built and checked elsewhere, and stays what its checksum says.
resource "aws_lambda_layer_version" "config" {
  count = local.config_store == "package" ? 1 : 0

  layer_name               = "${local.name}-config"
  description              = "The configuration of ${local.name}"
  filename                 = data.archive_file.config[0].output_path
  source_code_hash         = data.archive_file.config[0].output_base64sha256
  compatible_runtimes      = ["provided.al2023"]
  compatible_architectures = [var.architecture]

  lifecycle {
    create_before_destroy = true
  }
}
