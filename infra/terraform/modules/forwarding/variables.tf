variable "hub" {
  type = object({
    function_name  = string
    bus_arn        = string
    event_patterns = map(string)
  })
  description = "The output forwarding of the module of the function: its name, the bus that events are sent to, and the patterns of its rules."
  nullable    = false
  validation {
    condition     = can(regex("^arn:[a-z-]+:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9_./-]+$", var.hub.bus_arn))
    error_message = "hub: bus_arn: the ARN of an event bus."
  }
}

variable "kinds" {
  type        = list(string)
  description = "Which kinds of events are sent: of ecr, ssm, secret, s3, ecs, code-deploy, tasks and manual. Default: all for which the function has a rule that takes them from here."
  default     = null
  validation {
    condition     = var.kinds == null || try(length(setsubtract(var.kinds, ["ecr", "ssm", "secret", "s3", "ecs", "code-deploy", "tasks", "manual"])) == 0, false)
    error_message = "kinds: of ecr, ssm, secret, s3, ecs, code-deploy, tasks and manual."
  }
}

variable "queue_operator_arns" {
  type        = list(string)
  description = "The roles and users who may send to the queue for failed events by hand; '*' may stand in their names. Nobody else may, whatever their own policies allow."
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.queue_operator_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[A-Za-z0-9_+=,.@/*-]+$", arn))])
    error_message = "queue_operator_arns: ARNs of roles or users of an account: arn:aws:iam::123456789012:role/on-call."
  }
}

variable "alarm_topic_arns" {
  type        = list(string)
  description = "SNS topics of this region that hear of the alarm. Without any, it only shows in CloudWatch."
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", arn))])
    error_message = "alarm_topic_arns: ARNs of SNS topics."
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
  description = "Tags for everything that can have them."
  default     = {}
  nullable    = false
}
