# 30 services of Meroku, two files each: before with a map for each variable, now with `services`. Both give the same rules, the
# same role and the same configuration; the maps do not fit into Lambda's 4 KB, and `services` are kept where they do.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "task_role_arns" {
  type        = list(string)
  description = "The task roles and execution roles of the services."
}

variable "with_services" {
  type        = bool
  description = "Whether the services are given as they are now, or by the maps of before.tf."
  default     = true
}

variable "config_store" {
  type        = string
  description = "Where the configuration document is kept; by default where it fits."
  default     = null
}

module "ci_lambda" {
  source = "../.."

  project_name     = "shop"
  project_env      = "dev"
  ecs_cluster_name = "shop_cluster_dev"

  package_path   = "${path.module}/../../../../dist/ci_lambda-arm64.zip"
  task_role_arns = var.task_role_arns

  services     = var.with_services ? local.services : {}
  config_store = var.config_store

  ecs_service_map = var.with_services ? {} : local.ecs_service_map
  ecr_repo_map    = var.with_services ? {} : local.ecr_repo_map
  ssm_service_map = var.with_services ? {} : local.ssm_service_map
  s3_service_map  = var.with_services ? {} : local.s3_service_map
  auto_deploy_map = var.with_services ? {} : local.auto_deploy_map
}

output "configuration" {
  description = "The configuration document, where it is kept, and its size."
  value       = module.ci_lambda.configuration
}
