terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
    # For config_store = "package" alone.
    archive = {
      source  = "hashicorp/archive"
      version = ">= 2.3"
    }
  }
}
