# The least that works: a project that follows the naming rules.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "slack_webhook_url" {
  type        = string
  description = "The incoming webhook; TF_VAR_slack_webhook_url keeps it out of files."
  default     = null
  sensitive   = true
}

variable "task_role_arns" {
  type        = list(string)
  description = "The task roles and execution roles of the services."
}

variable "alarm_topic_arns" {
  type        = list(string)
  description = "SNS topics that hear of the alarms."
  default     = []
}

module "ci_lambda" {
  source = "../.."

  project_name = "shop"
  project_env  = "dev"

  package_path   = "${path.module}/../../../../dist/ci_lambda-arm64.zip"
  task_role_arns = var.task_role_arns

  slack_webhook_url = var.slack_webhook_url
  alarm_topic_arns  = var.alarm_topic_arns

  # The files in S3 that the services read. The bucket needs EventBridge notifications turned on.
  service_config = {
    api = [{ bucket = "shop-env", key = "api.env" }]
  }
}

output "function_name" {
  description = "The name of the function."
  value       = module.ci_lambda.function_name
}
