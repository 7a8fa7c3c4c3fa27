variable "name" {
  type        = string
  description = "The name of the role. Its ARN is the role_arn of targets."
  nullable    = false
  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", var.name))
    error_message = "name: the name of a role, without its path: shop-deploy."
  }
}

variable "function_role_arn" {
  type        = string
  description = "The output role_arn of the module of the function: the only one who may assume the role."
  nullable    = false
  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", var.function_role_arn))
    error_message = "function_role_arn: the full ARN of a role, without '*'."
  }
}

variable "policy" {
  type        = string
  description = "What the role may do: the target's one of the output target_policies of the module of the function."
  nullable    = false
  validation {
    condition     = can(jsondecode(var.policy).Statement[0])
    error_message = "policy: a policy as JSON, one of the output target_policies."
  }
}

variable "external_id" {
  type        = string
  description = "The external_id of the target, if it has one: whoever assumes the role has to say it."
  default     = null
  validation {
    condition     = var.external_id == null || try(length(var.external_id) >= 2 && length(var.external_id) <= 1224, false)
    error_message = "external_id: 2 to 1224 characters."
  }
}

variable "task_role_arns" {
  type        = list(string)
  description = "The task roles and task execution roles of the services in this account; the only ones that may be passed to ECS. An empty list only if no task definition has a role."
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.task_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", arn))])
    error_message = "task_role_arns: full ARNs of roles, without '*': arn:aws:iam::123456789012:role/shop-task."
  }
}

variable "hook_role_arns" {
  type        = list(string)
  description = "The roles of this account with which ECS invokes the Lambda functions that are hooks of a strategy."
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.hook_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", arn))])
    error_message = "hook_role_arns: full ARNs of roles, without '*': arn:aws:iam::123456789012:role/shop-hooks."
  }
}

variable "schedule_role_arns" {
  type        = list(string)
  description = "The roles of this account with which schedules and rules start tasks that no service runs."
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.schedule_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", arn))])
    error_message = "schedule_role_arns: full ARNs of roles, without '*': arn:aws:iam::123456789012:role/shop-schedules."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "The permissions boundary of the role, where the account asks for one."
  default     = null
  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn: the ARN of a managed policy."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags for the role."
  default     = {}
  nullable    = false
}
