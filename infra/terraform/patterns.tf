# What EventBridge lets through to the function: everything that it might act upon, and little else. The function still
# decides (docs/events.md); a pattern only saves invocations.

locals {
  # EventBridge takes no longer pattern.
  longest_pattern = 2048

  # As in src/config/config.cpp: the first of several clusters is the project's own, unless that has a name.
  cluster_name = concat(
    [for name in [var.ecs_cluster_name] : name if name != ""],
    [for name in var.discovery_clusters : name if var.discovery],
    [replace(replace(var.cluster_name_pattern, "{project}", var.project_name), "{env}", var.project_env)],
  )[0]
  # All whose services are ours.
  clusters = distinct(concat([local.cluster_name], [for name in var.discovery_clusters : name if var.discovery]))

  # Every pattern names them: a bus may be given the events of other accounts and regions as well.
  whose = {
    account = distinct(concat([local.account_id], var.event_accounts, local.target_accounts))
    region  = distinct(concat([local.region], var.event_regions, local.target_regions))
  }
  # Where something may happen that concerns us: here, and in the targets.
  places = distinct(concat(
    ["${local.region}:${local.account_id}"],
    [for name, target in local.targets : "${target.region}:${local.target_account_ids[name]}"],
  ))

  # --- images: the repositories of the services, or the two forms of the naming rule ---

  repositories_mapped = length(local.repositories) > 0

  # As a policy has them. A policy has little room: where there are many, all of the account and region.
  repository_names = [
    for name in(
      var.discovery ? [for prefix in concat(var.discovery_scope.repositories, length(var.discovery_scope.repositories) > 0 ? [] : [""]) : "${prefix}*"] :
      length(local.repositories) > 30 ? ["*"] :
      local.repositories_mapped ? local.repositories : ["${var.project_name}_backend", "${var.project_name}_service_*"]
    ) : name
  ]

  # With discovery: any that a service may use. Where not all of the names fit: one prefix for those that begin with the
  # project's name.
  ecr_names = [
    for names in [
      concat(
        local.repositories_mapped ? local.repositories : ["${var.project_name}_backend"],
        [for prefix in local.repositories_mapped ? [] : ["${var.project_name}_service_"] : { prefix = prefix }],
        [for name in sort(distinct(local.task_repositories)) : name if !contains(local.repositories, name)],
        # What tasks use of which nobody says it, as Meroku calls their repositories.
        [for prefix in local.tasks_wanted ? ["${var.project_name}_task_"] : [] : { prefix = prefix }],
      ),
      concat(
        [for name in sort(distinct(concat(local.repositories, local.task_repositories))) : name if !startswith(name, var.project_name)],
        [{ prefix = var.project_name }],
      ),
    ] : names if !var.discovery
  ]
  discovered_repositories = concat(
    [for name in sort(distinct(concat(local.repositories, local.task_repositories))) : name if length(var.discovery_scope.repositories) > 0],
    [for prefix in var.discovery_scope.repositories : { prefix = prefix }],
    [for exists in [true] : { exists = exists } if length(var.discovery_scope.repositories) == 0],
  )
  ecr_patterns = [
    for names in concat(local.ecr_names, [for names in [local.discovered_repositories] : names if var.discovery]) :
    jsonencode(merge(local.whose, {
      source      = ["aws.ecr"]
      detail-type = ["ECR Image Action", "ECR Replication Action"] # a replicated image comes without a push
      detail = {
        action-type     = ["PUSH", "REPLICATE"]
        result          = ["SUCCESS"]
        repository-name = names
        # A push without a tag is a part of another image.
        image-tag = [{ exists = true }]
      }
    }))
  ]

  # --- parameters: the paths of the services, or /{env}/{project}/; people write them with and without the first slash ---

  rule_paths = length(local.mapped_paths) > 0 ? [] : ["${var.project_env}/${var.project_name}"]

  # With discovery: any that a service may get. Where not all of the paths fit: what they begin with.
  ssm_names = [
    for names in [
      concat(
        flatten([for path in local.mapped_paths : ["/${path}", path]]),
        flatten([for path in concat(local.mapped_paths, local.rule_paths) : [{ prefix = "/${path}/" }, { prefix = "${path}/" }]]),
      ),
      flatten([
        for segment in distinct([for path in local.mapped_paths : split("/", path)[0]]) :
        [{ prefix = "/${segment}" }, { prefix = segment }]
      ]),
    ] : names if !var.discovery
  ]
  discovered_parameters = concat(
    flatten([for path in local.mapped_paths : ["/${path}", path] if length(var.discovery_scope.parameters) > 0]),
    flatten([
      for prefix in concat(
        [for path in local.mapped_paths : "${path}/" if length(var.discovery_scope.parameters) > 0],
        [for path in var.discovery_scope.parameters : trimprefix(path, "/")],
      ) : [{ prefix = "/${prefix}" }, { prefix = prefix }]
    ]),
    [for exists in [true] : { exists = exists } if length(var.discovery_scope.parameters) == 0],
  )
  ssm_patterns = [
    for names in concat(local.ssm_names, [for names in [local.discovered_parameters] : names if var.discovery]) :
    jsonencode(merge(local.whose, {
      source      = ["aws.ssm"]
      detail-type = ["Parameter Store Change"]
      detail = {
        operation = ["Create", "Update"]
        name      = names
      }
    }))
  ]

  # --- secrets, by discovery alone: what gives a stage of one another value (src/events/secrets_manager.cpp) ---

  # Whoever calls may say the name or the ARN.
  secret_names = flatten([
    for prefix in var.discovery_scope.secrets : concat(
      [{ prefix = prefix }],
      [for place in local.places : { prefix = "arn:${local.partition}:secretsmanager:${place}:secret:${prefix}" }],
    )
  ])
  secret_pattern = jsonencode(merge(local.whose, {
    source      = ["aws.secretsmanager"]
    detail-type = ["AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"]
    detail = merge({
      eventSource = ["secretsmanager.amazonaws.com"]
      eventName   = ["PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage", "RotationSucceeded"]
      errorCode   = [{ exists = false }]
      }, {
      for names in [local.secret_names] : "$or" => [
        { requestParameters = { secretId = names } },
        { additionalEventData = { SecretId = names } },
      ] if length(names) > 0
    })
  }))

  # --- files: any of the buckets with any of the keys ---

  buckets = sort(distinct(concat(local.files[*].bucket, [for bucket in var.discovery_scope.buckets : bucket if var.discovery])))
  keys    = sort(distinct(local.files[*].key))

  # With discovery the task definitions say which files there are, and every bucket may have one.
  bucket_names = concat(
    [for bucket in local.buckets : bucket if !local.any_bucket],
    [for exists in [true] : { exists = exists } if local.any_bucket],
  )
  any_bucket = var.discovery && length(var.discovery_scope.buckets) == 0

  # Where not all of the keys fit: every object of the buckets.
  s3_native_patterns = [
    for object in concat([for keys in [local.keys] : { object = { key = keys } } if !var.discovery], [{}]) :
    jsonencode(merge(local.whose, {
      source      = ["aws.s3"]
      detail-type = ["Object Created", "Object Deleted"]
      detail      = merge({ bucket = { name = local.bucket_names } }, object)
    }))
  ]
  s3_cloudtrail_patterns = [
    for object in concat([for keys in [local.keys] : { key = keys } if !var.discovery], [{}]) :
    jsonencode(merge(local.whose, {
      source      = ["aws.s3"]
      detail-type = ["AWS API Call via CloudTrail"]
      detail = {
        eventSource       = ["s3.amazonaws.com"]
        eventName         = ["PutObject", "CopyObject", "CompleteMultipartUpload", "DeleteObject"]
        errorCode         = [{ exists = false }]
        requestParameters = merge({ bucketName = local.bucket_names }, object)
      }
    }))
  ]

  # --- what ECS says of the cluster's services ---

  # The service's ARN names the cluster, unless it is of the short form from before 2018; then detail.clusterArn may. A hook's
  # resources are no services, and it always says detail.clusterArn.
  # The clusters are those of the targets, where there are any. Where not all of them fit: by their names, wherever they are.
  ecs_places = local.targets_wanted ? flatten([
    for name, target in local.targets : [
      for cluster in local.target_clusters[name] : { at = "${target.region}:${local.target_account_ids[name]}", cluster = cluster }
    ]
  ]) : [for cluster in local.clusters : { at = "${local.region}:${local.account_id}", cluster = cluster }]
  ecs_patterns = [
    for clusters in [
      {
        services = [for one in local.ecs_places : { prefix = "arn:${local.partition}:ecs:${one.at}:service/${one.cluster}/" }]
        itself   = [for one in local.ecs_places : "arn:${local.partition}:ecs:${one.at}:cluster/${one.cluster}"]
      },
      {
        services = [for name in distinct(local.ecs_places[*].cluster) : { wildcard = "arn:${local.partition}:ecs:*:service/${name}/*" }]
        itself   = [for name in distinct(local.ecs_places[*].cluster) : { wildcard = "arn:${local.partition}:ecs:*:cluster/${name}" }]
      },
    ] :
    jsonencode(merge(local.whose, {
      source      = ["aws.ecs"]
      detail-type = ["ECS Deployment State Change", "ECS Hook State Change", "ECS Service Action"]
      detail      = { eventName = [{ anything-but = ["SERVICE_STEADY_STATE", "HOOK_IN_PROGRESS"] }] }
      "$or" = [
        { resources = clusters.services },
        { detail = { clusterArn = clusters.itself } },
      ]
    }))
  ]

  # --- manual requests ---

  # `project` and `env` may be missing, empty or ours. What is no text (null, a number) goes through, too: null counts as
  # missing, and of a number the function complains.
  not_foreign = { for name, ours in { project = var.project_name, env = var.project_env } :
    name => [{ exists = false }, { anything-but = { wildcard = "*" } }, "", ours]
  }
  # Nobody in a target's account asks for deployments, unless event_accounts has it: it may be that of another environment.
  manual_pattern = jsonencode(merge(local.whose, {
    account = distinct(concat([local.account_id], var.event_accounts))
    source = [
      "action.production", "action.deploy", "action.${var.project_env}", "github.actions.${var.project_env}",
      "terraform.${var.project_env}",
    ]
    detail = local.not_foreign
  }))

  # --- CodeDeploy's news ---

  # They name deployment groups: which service is behind one, the function looks up.
  code_deploy_pattern = jsonencode(merge(local.whose, {
    source      = ["aws.codedeploy"]
    detail-type = ["CodeDeploy Deployment State-change Notification"]
    detail      = { state = ["START", "READY", "SUCCESS", "FAILURE", "STOP"] }
  }))

  # --- tasks that run before deployments ---

  # Who started them says that they are of this function; which service they are for, they say themselves.
  task_pattern = jsonencode(merge(local.whose, {
    source      = ["aws.ecs"]
    detail-type = ["ECS Task State Change"]
    detail      = { lastStatus = ["STOPPED"], startedBy = [{ prefix = "ci_lambda-before-" }, { prefix = "ci_lambda-after-" }] }
  }))

  # --- all of them; of several forms the first that is short enough ---

  pattern_choices = {
    ecr    = local.ecr_patterns
    ssm    = local.ssm_patterns
    secret = [local.secret_pattern]
    s3     = var.s3_event_source == "native" ? local.s3_native_patterns : local.s3_cloudtrail_patterns
    ecs    = local.ecs_patterns
    manual = [local.manual_pattern]

    code-deploy = [local.code_deploy_pattern]
    tasks       = [local.task_pattern]
  }
  rule_wanted = {
    ecr    = var.enable_ecr_monitoring
    ssm    = var.enable_ssm_monitoring
    secret = var.enable_ssm_monitoring && var.discovery
    s3     = var.enable_s3_monitoring && (var.discovery ? true : length(local.files) > 0)
    ecs    = true
    manual = var.enable_manual_deploy

    code-deploy = var.code_deploy
    tasks       = local.before_wanted
  }
  event_patterns = {
    for kind, choices in local.pattern_choices :
    kind => concat([for pattern in choices : pattern if length(pattern) <= local.longest_pattern], reverse(choices))[0]
    if local.rule_wanted[kind]
  }

  # --- the sweep, which a clock starts ---

  sweep_minutes  = var.sweep_interval_seconds / 60
  sweep_unit     = local.sweep_minutes == 1 ? "minute" : "minutes"
  sweep_schedule = "rate(${local.sweep_minutes} ${local.sweep_unit})"

  # All rules. A rule has a pattern or a schedule.
  rules = merge(
    { for kind, pattern in local.event_patterns : kind => { pattern = pattern, schedule = null } },
    { for kind in ["sweep"] : kind => { pattern = null, schedule = local.sweep_schedule } if var.sweep_interval_seconds > 0 },
  )
}
