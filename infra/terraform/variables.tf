# The first parts are those of the function's own variables that are not in settings.tf: NAME in docs/configuration.md is
# name here. The last part is the installation itself.

# --- who and where ------------------------------------------------------------------------------------------------

variable "project_name" {
  type        = string
  description = "The project (PROJECT_NAME)."
  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+$", var.project_name))
    error_message = "project_name: letters, digits, '_', '-' and '.' only."
  }
}

variable "project_env" {
  type        = string
  description = "The environment, such as dev (PROJECT_ENV)."
  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+$", var.project_env))
    error_message = "project_env: letters, digits, '_', '-' and '.' only."
  }
}

# --- where the configuration document is kept, which is made of `services` -----------------------------------------

variable "config_store" {
  type        = string
  description = "Where the configuration document is kept that is made of services: environment (in CI_LAMBDA_CONFIG itself), package (a file in a layer), ssm (a parameter) or s3 (an object, see config_s3). Default: environment while it fits into Lambda's 4 KB, then ssm up to 8 KB, then package."
  default     = null
  validation {
    condition     = var.config_store == null || try(contains(["environment", "package", "ssm", "s3"], var.config_store), false)
    error_message = "config_store: environment, package, ssm or s3; or leave it out, and the smallest that fits is taken."
  }
}

variable "config_s3" {
  type = object({
    bucket      = string
    key         = optional(string)
    kms_key_arn = optional(string)
  })
  description = "The bucket for config_store = \"s3\", in this account; the key, by default ci_lambda/NAME_OF_THE_FUNCTION.json; the KMS key that encrypts the object, where it is a key of your own."
  default     = null
  validation {
    condition     = var.config_s3 == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.config_s3.bucket))
    error_message = "config_s3: bucket is the name of a bucket, without s3:// and without a key."
  }
  validation {
    condition     = try(var.config_s3.key, null) == null || can(regex("^[A-Za-z0-9!_.'()-][A-Za-z0-9!_.'()/-]*$", var.config_s3.key))
    error_message = "config_s3: key has letters, digits, '/' and !_.'()- only, and does not begin with '/'."
  }
  validation {
    condition     = try(var.config_s3.kms_key_arn, null) == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.config_s3.kms_key_arn))
    error_message = "config_s3: kms_key_arn is the ARN of a key, not of an alias."
  }
}

# --- discovery --------------------------------------------------------------------------------------------------------

variable "discovery_scope" {
  type = object({
    repositories  = optional(list(string), [])
    parameters    = optional(list(string), [])
    secrets       = optional(list(string), [])
    buckets       = optional(list(string), [])
    task_families = optional(list(string), ["*"])
  })
  description = "With discovery: what the names of the repositories, parameters and secrets begin with whose events the function is to get, the buckets, and the families (with *) that the services may run. Default: all of the account."
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for name in concat(var.discovery_scope.repositories, var.discovery_scope.parameters, var.discovery_scope.secrets) : can(regex("^[A-Za-z0-9/_+=.@-]+$", name))])
    error_message = "discovery_scope: repositories, parameters and secrets are what names begin with, without wildcards and without ARNs."
  }
  validation {
    condition     = alltrue([for name in var.discovery_scope.buckets : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])
    error_message = "discovery_scope: buckets are names of buckets."
  }
  validation {
    condition     = length(var.discovery_scope.task_families) > 0 && alltrue([for name in var.discovery_scope.task_families : can(regex("^[A-Za-z0-9_*-]+$", name))])
    error_message = "discovery_scope: task_families are families with * for any text, and at least one."
  }
}

# --- names and services: the maps, one for each of the function's variables ------------------------------------------

variable "ecs_service_map" {
  type = map(object({
    service_name = string
    task_family  = string
  }))
  description = "The ECS names of every service, by id; used instead of the patterns. A service that is not in it is not ours (ECS_SERVICE_MAP)."
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for id in keys(var.ecs_service_map) : can(regex("^[A-Za-z0-9_.-]*$", id))])
    error_message = "ecs_service_map: the ids have letters, digits, '_', '-' and '.' only."
  }
  validation {
    condition = alltrue(flatten([
      for service in values(var.ecs_service_map) :
      [for name in [service.service_name, service.task_family] : can(regex("^[A-Za-z0-9_-]+$", name))]
    ]))
    error_message = "ecs_service_map: service_name and task_family are plain names, without ARN or revision."
  }
  validation {
    condition     = length(distinct(values(var.ecs_service_map)[*].service_name)) == length(var.ecs_service_map)
    error_message = "ecs_service_map: two services have the same service_name."
  }
}

variable "ecr_repo_map" {
  type        = map(list(string))
  description = "Which services run the images of a repository; used instead of the naming rule (ECR_REPO_MAP)."
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for services in values(var.ecr_repo_map) : length(services) > 0])
    error_message = "ecr_repo_map: every repository needs at least one service, as in {\"shop/api\" = [\"api\", \"worker\"]}."
  }
  validation {
    condition     = alltrue([for name in keys(var.ecr_repo_map) : can(regex("^[a-z0-9][a-z0-9._/-]*$", name))])
    error_message = "ecr_repo_map: the keys are repository names, without the registry and without a tag."
  }
}

variable "scheduled_task_map" {
  type = map(object({
    task_family  = string
    repositories = optional(list(string))
    schedules    = optional(list(string))
    rules        = optional(list(string))
    auto_deploy  = optional(bool)
    tags         = optional(list(string))
  }))
  description = "Tasks that no service runs, by their ids (task:report): a pushed image registers a revision of the family, and moves schedules of EventBridge Scheduler and targets of rules to it that name a revision. Without schedules and rules both are found by listing those of the cluster (SCHEDULED_TASK_MAP)."
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for id in keys(var.scheduled_task_map) : can(regex("^(task:)?[A-Za-z0-9_.-]{1,255}$", id))])
    error_message = "scheduled_task_map: the keys are ids of tasks, such as task:report."
  }
  validation {
    condition     = alltrue([for task in values(var.scheduled_task_map) : can(regex("^[A-Za-z0-9_-]{1,255}$", task.task_family))])
    error_message = "scheduled_task_map: task_family: the family of a task definition, without ARN and revision."
  }
  validation {
    condition = alltrue(flatten([
      for task in values(var.scheduled_task_map) : [
        for name in concat(coalesce(task.schedules, []), coalesce(task.rules, [])) : can(regex("^([A-Za-z0-9_.-]+/)?[A-Za-z0-9_.-]+$", name))
      ]
    ]))
    error_message = "scheduled_task_map: schedules and rules: NAME, or GROUP/NAME of another group or bus than default."
  }
  validation {
    condition = alltrue(flatten([
      for task in values(var.scheduled_task_map) : [
        for name in coalesce(task.repositories, []) : can(regex("^[a-z0-9][a-z0-9._/-]*$", name))
      ]
    ]))
    error_message = "scheduled_task_map: repositories: names of repositories, without the registry and without a tag."
  }
}

variable "targets" {
  type = map(object({
    region      = string
    cluster     = optional(string)
    role_arn    = optional(string)
    external_id = optional(string)
  }))
  description = "The places where an event deploys its services, by names, in place of regions: each with its region, and, where they are others than the function's, a cluster, and a role of another account with the external_id that it asks for. The function may assume these roles and no others (TARGETS)."
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for name in keys(var.targets) : can(regex("^[A-Za-z0-9_.-]{1,64}$", name))])
    error_message = "targets: the keys are names of targets: letters, digits, '_', '-' and '.' only."
  }
  validation {
    condition     = alltrue([for target in values(var.targets) : can(regex("^[A-Za-z0-9-]{1,255}$", target.region))])
    error_message = "targets: region: the name of a region, such as us-east-1."
  }
  validation {
    condition     = alltrue([for target in values(var.targets) : target.cluster == null || can(regex("^[A-Za-z0-9_.-]{1,255}$", target.cluster))])
    error_message = "targets: cluster: the cluster's name, not its ARN."
  }
  validation {
    condition     = alltrue([for target in values(var.targets) : target.role_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", target.role_arn))])
    error_message = "targets: role_arn: the full ARN of a role, without '*': arn:aws:iam::111122223333:role/deploy."
  }
  validation {
    condition     = alltrue([for target in values(var.targets) : target.external_id == null || try(target.role_arn != null && length(target.external_id) >= 2 && length(target.external_id) <= 1224, false)])
    error_message = "targets: external_id: 2 to 1224 characters, for a target that has a role_arn."
  }
}

variable "open_bus_to_event_accounts" {
  type        = bool
  description = "Whether the accounts of event_accounts may send events to the default bus of this account and region. Those of targets may in any case."
  default     = false
  nullable    = false
}

variable "hook_role_arns" {
  type        = list(string)
  description = "The roles with which ECS invokes the Lambda functions that are hooks of deployment_strategy, or of the strategy of one of services."
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.hook_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", arn))])
    error_message = "hook_role_arns: full ARNs of roles, without '*': arn:aws:iam::123456789012:role/shop-hooks."
  }
}

variable "verify_alarms" {
  type        = map(list(string))
  description = "Alarms of CloudWatch by service, default for all others: one that goes off while a service is watched, after a rollout of it has completed, takes that rollout back (VERIFY_ALARMS)."
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for id in keys(var.verify_alarms) : can(regex("^[A-Za-z0-9_.-]{1,255}$", id))])
    error_message = "verify_alarms: the keys are ids of services, or default."
  }
  validation {
    condition     = alltrue(flatten([for names in values(var.verify_alarms) : [for name in names : length(name) > 0 && length(name) <= 255]]))
    error_message = "verify_alarms: names of alarms, not their ARNs."
  }
}

variable "verify_urls" {
  type = map(list(object({
    url    = string
    status = optional(number)
    body   = optional(string)
    times  = optional(number)
  })))
  description = "URLs by service that have to answer as told (status 200, text in the body) while the service is watched: one that fails so many times in a row (3) takes the rollout back (VERIFY_URLS)."
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for id in keys(var.verify_urls) : can(regex("^[A-Za-z0-9_.-]{1,255}$", id))])
    error_message = "verify_urls: the keys are ids of services, or default."
  }
  validation {
    condition     = alltrue(flatten([for urls in values(var.verify_urls) : [for one in urls : can(regex("^https?://[^@#]+$", one.url))]]))
    error_message = "verify_urls: url: http:// or https://, without user, password and #."
  }
}

variable "schedule_role_arns" {
  type        = list(string)
  description = "The roles with which schedules and rules start the tasks of scheduled_task_map, and those that discovery_tasks finds: a schedule that is changed is given its role anew. The tasks' own roles belong into task_role_arns."
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.schedule_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", arn))])
    error_message = "schedule_role_arns: full ARNs of roles, without '*': arn:aws:iam::123456789012:role/shop-schedules."
  }
}

variable "express_services" {
  type        = bool
  description = "Whether the role may deploy Express Mode services of the cluster. ECS writes their task definitions on behalf of whoever updates them, in families of its own naming: the role may register and tag revisions of any family then. Their roles belong into task_role_arns."
  default     = false
  nullable    = false
}

variable "ssm_service_map" {
  type        = map(list(string))
  description = "Which services read the parameters below a path; used instead of the naming rule (SSM_SERVICE_MAP)."
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for services in values(var.ssm_service_map) : length(services) > 0])
    error_message = "ssm_service_map: every path needs at least one service, as in {\"/dev/shop/api\" = [\"api\"]}."
  }
  validation {
    condition     = alltrue([for path in keys(var.ssm_service_map) : can(regex("^/*[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/*$", path))])
    error_message = "ssm_service_map: the keys are paths of parameters, such as /dev/shop/api."
  }
}

variable "service_config" {
  type = map(list(object({
    bucket = string
    key    = string
  })))
  description = "The files in S3 that each service reads (SERVICE_CONFIG)."
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for file in flatten(values(var.service_config)) : file.bucket != "" && file.key != ""])
    error_message = "service_config: every file needs a bucket and a key, as in {api = [{bucket = \"shop-env\", key = \"api.env\"}]}."
  }
}

variable "s3_service_map" {
  type = map(list(object({
    bucket = string
    key    = string
  })))
  description = "Merged with service_config, whose shape it has (S3_SERVICE_MAP)."
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for file in flatten(values(var.s3_service_map)) : file.bucket != "" && file.key != ""])
    error_message = "s3_service_map: every file needs a bucket and a key, as in {api = [{bucket = \"shop-env\", key = \"api.env\"}]}."
  }
}

variable "auto_deploy_map" {
  type        = map(bool)
  description = "Services that events do not deploy (false). Manual requests still do (AUTO_DEPLOY_MAP)."
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for id in keys(var.auto_deploy_map) : can(regex("^(task:)?[A-Za-z0-9_.-]*$", id))])
    error_message = "auto_deploy_map: the keys are ids of services: letters, digits, '_', '-' and '.' only."
  }
}

variable "ecr_tag_filter" {
  type        = map(list(string))
  description = "Which tags of pushed images deploy, by service; default is for services without an entry. Globs, ranges of versions, /regular expressions/; ! excludes (ECR_TAG_FILTER)."
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for id in keys(var.ecr_tag_filter) : can(regex("^(task:)?[A-Za-z0-9_.-]*$", id))])
    error_message = "ecr_tag_filter: the keys are ids of services (letters, digits, '_', '-' and '.' only), or default for all others."
  }
  validation {
    condition     = alltrue([for one in flatten(values(var.ecr_tag_filter)) : can(regex("^!? *(/.+/|[A-Za-z0-9_.*?<>=^~| +-]+)$", one))])
    error_message = "ecr_tag_filter: globs such as v*, ranges of versions such as >=2.0 <3, or /regular expressions/, each with ! before it to exclude."
  }
}

# --- the secret ---------------------------------------------------------------------------------------------------

variable "slack_webhook_url" {
  type        = string
  description = "The incoming webhook that is told; a secret. Or where it is kept, and then it does not stand in the environment: secretsmanager:NAME (or secretsmanager:ARN), ssm:/PATH. Without it Slack is off (SLACK_WEBHOOK_URL)."
  default     = null
  sensitive   = true
  validation {
    condition = var.slack_webhook_url == null || can(regex(join("|", [
      "^https://[^/[:space:]]+/[^[:space:]]+$",
      "^secretsmanager:[A-Za-z0-9/_+=.@-]+$",
      "^secretsmanager:arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$",
      "^ssm:/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$",
    ]), var.slack_webhook_url))
    error_message = "slack_webhook_url: https://HOST/PATH; or where that is kept: secretsmanager:NAME, secretsmanager:ARN or ssm:/PATH."
  }
}

variable "slack_webhook_kms_key_arn" {
  type        = string
  description = "The KMS key that encrypts what slack_webhook_url names, where it is a key of your own. AWS's own keys for Secrets Manager and SSM need nothing."
  default     = null
  validation {
    condition     = var.slack_webhook_kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.slack_webhook_kms_key_arn))
    error_message = "slack_webhook_kms_key_arn: the ARN of a key, not of an alias."
  }
}

# --- the installation ---------------------------------------------------------------------------------------------

variable "package_path" {
  type        = string
  description = "The zip on this machine: dist/ci_lambda-arm64.zip. Either this or package_s3."
  default     = null
  validation {
    condition     = var.package_path == null || can(regex("\\.zip$", var.package_path))
    error_message = "package_path: a .zip file, such as dist/ci_lambda-arm64.zip."
  }
}

variable "package_s3" {
  type = object({
    bucket  = string
    key     = string
    version = optional(string)
  })
  description = "The zip in a bucket of this region. A key that names the version, or a version, makes updates visible to Terraform."
  default     = null
  validation {
    condition     = var.package_s3 == null || can(regex("\\.zip$", var.package_s3.key))
    error_message = "package_s3: bucket, and key of a .zip file."
  }
}

variable "architecture" {
  type        = string
  description = "What the zip was built for: arm64 or x86_64."
  default     = "arm64"
  nullable    = false
  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture: arm64 or x86_64."
  }
}

variable "task_role_arns" {
  type        = list(string)
  description = "The task roles and task execution roles of the services; the only ones that may be passed to ECS. An empty list only if no task definition has a role."
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.task_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", arn))])
    error_message = "task_role_arns: full ARNs of roles, without '*': arn:aws:iam::123456789012:role/shop-task."
  }
}

variable "image_requests" {
  type        = bool
  description = "Whether requests may name an image (image, image_tag): the function may then look at the images of the services' repositories, register revisions of their families, and pass the roles of task_role_arns to them. With ecr_deploy_mode revision it may in any case."
  default     = false
  nullable    = false
}

variable "answer_requests" {
  type        = bool
  description = "Whether requests may answer a rollout that is under way (action continue or stop): the function may then let go on what waits for a person, and stop rollouts of its services. People who use the command line do so with their own rights."
  default     = false
  nullable    = false
}

variable "before_tasks" {
  type        = bool
  description = "Whether tasks run before or after deployments (before and after, of services in the document): the function may then run tasks of the services' families on its clusters, and gets a rule for their ends."
  default     = false
  nullable    = false
}

variable "before_task_families" {
  type        = list(string)
  description = "The families of tasks that run before or after deployments and have a family of their own: the function may run them, and register revisions of them with the services' images."
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for one in var.before_task_families : can(regex("^[A-Za-z0-9_-]{1,255}$", one))])
    error_message = "before_task_families: names of families, without revisions and '*'."
  }
}

variable "failure_log_groups" {
  type        = list(string)
  description = "The log groups of the services' containers, which may have a '*' in them, with failure_log_lines: the function may read these and no others. Empty: all of the account."
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for one in var.failure_log_groups : can(regex("^[A-Za-z0-9_./#*-]{1,512}$", one))])
    error_message = "failure_log_groups: names of log groups, not ARNs: /ecs/shop-*."
  }
}

variable "promotion_clusters" {
  type        = list(string)
  description = "The clusters of other environments from which requests may promote (promote_from), with image_requests: the function may see there what services run, and change nothing."
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for one in var.promotion_clusters : can(regex("^[A-Za-z0-9_.-]{1,255}$", one))])
    error_message = "promotion_clusters: names of clusters of this account and region, not ARNs."
  }
}

variable "s3_event_source" {
  type        = string
  description = "How changed files are heard of: native (EventBridge notifications, to be turned on for each bucket) or cloudtrail (a trail that logs the buckets' data events)."
  default     = "native"
  nullable    = false
  validation {
    condition     = contains(["native", "cloudtrail"], var.s3_event_source)
    error_message = "s3_event_source: native or cloudtrail; both for one bucket would deploy twice."
  }
}

variable "function_name" {
  type        = string
  description = "The name of the function; the names of all else begin with it. Default: {project_name}_ci_lambda_{project_env}."
  default     = null
  validation {
    condition     = var.function_name == null || can(regex("^[A-Za-z0-9_-]{1,50}$", var.function_name))
    error_message = "function_name: letters, digits, '_' and '-', at most 50."
  }
}

variable "memory_mb" {
  type        = number
  description = "Memory of the function in MB. It needs less than 10; more memory is more CPU."
  default     = 128
  nullable    = false
  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240 && floor(var.memory_mb) == var.memory_mb
    error_message = "memory_mb: a whole number from 128 to 10240."
  }
}

variable "timeout_seconds" {
  type        = number
  description = "Lambda's timeout. The calls of one event take a second; the retries of max_deployment_retries = 2 wait 15. With wait_for_deployment or target_order at least deployment_timeout_seconds + coalesce_seconds + 30, or 900, the most that Lambda has."
  default     = 120
  nullable    = false
  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900 && floor(var.timeout_seconds) == var.timeout_seconds
    error_message = "timeout_seconds: a whole number from 1 to 900."
  }
}

variable "retry_attempts" {
  type        = number
  description = "How often Lambda tries an event again that came straight and failed, after 1 and 2 minutes."
  default     = 2
  nullable    = false
  validation {
    condition     = contains([0, 1, 2], var.retry_attempts)
    error_message = "retry_attempts: 0, 1 or 2."
  }
}

variable "max_event_age_seconds" {
  type        = number
  description = "An event that is older is not delivered any more, but goes to the dead-letter queue."
  default     = 3600
  nullable    = false
  validation {
    condition     = var.max_event_age_seconds >= 60 && var.max_event_age_seconds <= 21600 && floor(var.max_event_age_seconds) == var.max_event_age_seconds
    error_message = "max_event_age_seconds: a whole number from 60 to 21600."
  }
}

variable "enable_function_url" {
  type        = bool
  description = "Whether the function gets a URL, by which Slack's buttons and browsers reach it. Everybody can call it: the function checks who it is. Its address, the output function_url, then belongs into function_url."
  default     = false
  nullable    = false
}

variable "enable_pipelines" {
  type        = bool
  description = "Whether a state machine of Step Functions is made, with its role, that carries pipelines which take longer than an invocation. Not where pipeline_state_machine names one."
  default     = false
  nullable    = false
}

variable "enable_queue" {
  type        = bool
  description = "Whether changes and manual requests come to the function through an SQS queue, in batches."
  default     = false
  nullable    = false
}

variable "queue_window_seconds" {
  type        = number
  description = "How long Lambda gathers events out of the queue before it calls the function with them."
  default     = 5
  nullable    = false
  validation {
    condition     = var.queue_window_seconds >= 0 && var.queue_window_seconds <= 300 && floor(var.queue_window_seconds) == var.queue_window_seconds
    error_message = "queue_window_seconds: a whole number from 0 to 300."
  }
}

variable "queue_batch_size" {
  type        = number
  description = "How many events of the queue the function gets at once at most; more than 10 need a window."
  default     = 1000
  nullable    = false
  validation {
    condition     = var.queue_batch_size >= 1 && var.queue_batch_size <= 10000 && floor(var.queue_batch_size) == var.queue_batch_size
    error_message = "queue_batch_size: a whole number from 1 to 10000."
  }
}

variable "queue_max_concurrency" {
  type        = number
  description = "How many batches of the queue are handled at once. Default: Lambda begins with 5 and makes it more as needed."
  default     = null
  validation {
    condition     = var.queue_max_concurrency == null || try(var.queue_max_concurrency >= 2 && var.queue_max_concurrency <= 1000 && floor(var.queue_max_concurrency) == var.queue_max_concurrency, false)
    error_message = "queue_max_concurrency: a whole number from 2 to 1000; Lambda knows no 1."
  }
}

variable "queue_operator_arns" {
  type        = list(string)
  description = "The roles and users who may send to the queues by hand, and so move events back with SQS's redrive; '*' may stand in their names. Nobody else may, whatever their own policies allow."
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.queue_operator_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[A-Za-z0-9_+=,.@/*-]+$", arn))])
    error_message = "queue_operator_arns: ARNs of roles or users of an account: arn:aws:iam::123456789012:role/on-call."
  }
}

variable "queue_max_receive_count" {
  type        = number
  description = "How often an event of the queue is tried before it goes to the dead-letter queue. The attempts are 6 * timeout_seconds + queue_window_seconds apart."
  default     = 5
  nullable    = false
  validation {
    condition     = var.queue_max_receive_count >= 1 && var.queue_max_receive_count <= 1000 && floor(var.queue_max_receive_count) == var.queue_max_receive_count
    error_message = "queue_max_receive_count: a whole number from 1 to 1000."
  }
}

variable "reserved_concurrency" {
  type        = number
  description = "How many events are handled at once; the number is taken from the account's. Default: no reservation."
  default     = null
  validation {
    condition     = var.reserved_concurrency == null || try(var.reserved_concurrency >= 1 && floor(var.reserved_concurrency) == var.reserved_concurrency, false)
    error_message = "reserved_concurrency: a whole number, at least 1."
  }
}

variable "vpc_config" {
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  description = "The private network that the function runs in. It needs a way to the ECS API and to Slack from there: a NAT gateway, or a VPC endpoint and a proxy. Default: none, and Lambda's own way out."
  default     = null
  validation {
    condition     = var.vpc_config == null || try(length(var.vpc_config.subnet_ids) > 0 && length(var.vpc_config.security_group_ids) > 0, false)
    error_message = "vpc_config: at least one subnet and one security group."
  }
}

variable "layers" {
  type        = list(string)
  description = "Layers of the function by their version's ARN, such as the one that brings the file of aws_ca_bundle."
  default     = []
  nullable    = false
  validation {
    condition     = length(var.layers) <= 5 && alltrue([for arn in var.layers : can(regex("^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$", arn))])
    error_message = "layers: at most five ARNs of versions of layers: arn:aws:lambda:eu-west-1:123456789012:layer:authorities:3."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "The permissions boundary of the function's role, where the account asks for one."
  default     = null
  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn: the ARN of a managed policy."
  }
}

variable "log_retention_days" {
  type        = number
  description = "How long the log is kept, in days."
  default     = 30
  nullable    = false
  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days: one of the periods that CloudWatch Logs has: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, .."
  }
}

variable "channel_secret_arns" {
  type        = list(string)
  description = "Secrets of Secrets Manager and parameters of SSM that channels are reached by, where a configuration document of your own names them. Those that channels names may be read in any case."
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.channel_secret_arns : can(regex("^arn:[a-z-]+:(secretsmanager|ssm):[a-z0-9-]+:[0-9]{12}:(secret:|parameter/).+$", arn))])
    error_message = "channel_secret_arns: ARNs of secrets (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-??????) or of parameters."
  }
}

variable "channel_topic_arns" {
  type        = list(string)
  description = "SNS topics that are channels, where a configuration document of your own names them. Those that channels names may be published to in any case."
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.channel_topic_arns : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", arn))])
    error_message = "channel_topic_arns: ARNs of SNS topics."
  }
}

variable "alarm_topic_arns" {
  type        = list(string)
  description = "SNS topics that hear of the alarms. Without any, the alarms only show in CloudWatch."
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", arn))])
    error_message = "alarm_topic_arns: ARNs of SNS topics."
  }
}

variable "enable_metric_alarms" {
  type        = bool
  description = "Whether alarms are made for rollouts that fail, messages that are lost, a function that is throttled and events that wait for it (docs/metrics.md). Those on rollouts and messages need metrics."
  default     = false
  nullable    = false
}

variable "enable_dashboard" {
  type        = bool
  description = "Whether a dashboard of the metrics is made in CloudWatch, which bills it by the month (docs/metrics.md). Needs metrics."
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  type        = string
  description = "The KMS key that encrypts the function's environment, which holds the webhook. Default: Lambda's own key."
  default     = null
  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn: the ARN of a key, not of an alias."
  }
}

variable "log_kms_key_arn" {
  type        = string
  description = "The KMS key that encrypts the log; its policy must let CloudWatch Logs use it. Default: CloudWatch's own key."
  default     = null
  validation {
    condition     = var.log_kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.log_kms_key_arn))
    error_message = "log_kms_key_arn: the ARN of a key, not of an alias."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags for everything that can have them."
  default     = {}
  nullable    = false
}
