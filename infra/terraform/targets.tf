# Where the services are deployed, if not here alone: the deployment targets of the function (docs/regions.md).

locals {
  # `regions` are targets that are called like their region.
  targets = merge(
    { for region in var.regions : region => { region = region, cluster = null, role_arn = null, external_id = null } },
    var.targets,
  )
  targets_wanted = length(local.targets) > 0

  target_account_ids = {
    for name, target in local.targets : name => target.role_arn == null ? local.account_id : split(":", target.role_arn)[4]
  }
  # Named or not, the clusters that discovery looks at are these everywhere.
  target_clusters = {
    for name, target in local.targets : name => distinct(concat(
      [target.cluster == null ? local.cluster_name : target.cluster],
      [for cluster in var.discovery_clusters : cluster if var.discovery],
    ))
  }
  # With a role for every target the function's own deploys nothing.
  deploys_itself   = !local.targets_wanted || anytrue([for target in values(local.targets) : target.role_arn == null])
  target_role_arns = sort(distinct([for target in values(local.targets) : target.role_arn if target.role_arn != null]))

  # Whose events count beside the function's own, and who may send them to this account's bus.
  target_regions  = distinct(sort([for target in values(local.targets) : target.region]))
  target_accounts = sort([for id in distinct(values(local.target_account_ids)) : id if id != local.account_id])
  bus_accounts = sort(distinct(concat(
    local.target_accounts,
    [for id in var.event_accounts : id if var.open_bus_to_event_accounts],
  )))

  # What deploys: the function's own role (""), where a target has no other one, and the role of each target that has one. A
  # role that several targets have may deploy in all of them.
  deployed_by = merge(
    {
      "" = {
        account_id = local.account_id
        regions    = coalescelist([for target in values(local.targets) : target.region if target.role_arn == null], [local.region])
        clusters = coalescelist(
          flatten([for name, target in local.targets : local.target_clusters[name] if target.role_arn == null]),
          local.clusters,
        )
      }
    },
    {
      for name, target in local.targets : name => {
        account_id = local.target_account_ids[name]
        regions    = [for one in values(local.targets) : one.region if one.role_arn == target.role_arn]
        clusters   = flatten([for other, one in local.targets : local.target_clusters[other] if one.role_arn == target.role_arn])
      } if target.role_arn != null
    },
  )
  # A policy has little room: several regions are any in its ARNs, and a statement forbids all others.
  deployed_at = {
    for who, at in local.deployed_by : who => {
      account_id = at.account_id
      region     = try(one(distinct(at.regions)), "*")
      clusters   = distinct(at.clusters)
      only_in    = length(distinct(at.regions)) > 1 ? sort(distinct(concat(at.regions, [for region in [local.region] : region if who == ""]))) : []
      ecs_arn    = "arn:${local.partition}:ecs:${try(one(distinct(at.regions)), "*")}:${at.account_id}"
    }
  }
  deployers = {
    for who, at in local.deployed_at : who => merge(at, {
      only_these_clusters = { ArnEquals = { "ecs:cluster" = try(
        one([for cluster in at.clusters : "${at.ecs_arn}:cluster/${cluster}"]),
        [for cluster in at.clusters : "${at.ecs_arn}:cluster/${cluster}"],
      ) } }

      # What the services of each scope may run, and the copies of it that a rollback makes.
      task_definitions = [
        for scope in local.policy_scopes : [for family in scope.families : "${at.ecs_arn}:task-definition/${family}:*"]
      ]
      copies = [
        for scope in local.policy_scopes : [for family in scope.families : "${at.ecs_arn}:task-definition/${family}-rollback:*"]
      ]

      # What tasks that no service runs are given, and what starts them: named, or all that there are.
      tasks_definitions = [for family in sort(distinct(local.task_families)) : "${at.ecs_arn}:task-definition/${family}:*"]
      task_cluster_arns = [
        for cluster in local.tasks_found || local.targets_wanted ? at.clusters : [local.cluster_name] : "${at.ecs_arn}:cluster/${cluster}"
      ]
      schedule_arns = [
        for name in local.schedule_names : "arn:${local.partition}:scheduler:${at.region}:${at.account_id}:schedule/${name}"
      ]
      task_rule_arns = [
        for name in local.task_rule_names : "arn:${local.partition}:events:${at.region}:${at.account_id}:rule/${name}"
      ]

      repository_arns = [
        for name in local.repository_names : "arn:${local.partition}:ecr:${at.region}:${at.account_id}:repository/${name}"
      ]
      # The images may be another account's, whose repository then has to say who may look.
      replica_arns = [for name in local.repository_names : "arn:${local.partition}:ecr:${at.region}:*:repository/${name}"]
    })
  }

  # The targets' roles and what they may do, for modules/target-role.
  target_policies = {
    for who, scopes in local.deploying : who => concat(
      [
        for policy in [for statements in scopes : jsonencode({ Version = "2012-10-17", Statement = statements })] :
        policy if length(policy) <= local.longest_policy - local.room_for_passing
      ],
      [for statements in reverse(scopes) : jsonencode({ Version = "2012-10-17", Statement = statements })],
    )[0] if who != ""
  }
  # modules/target-role adds which roles may be passed on.
  room_for_passing = 2048

  # What modules/forwarding has to know of this installation.
  forwarding = {
    function_name  = local.name
    bus_arn        = "arn:${local.partition}:events:${local.region}:${local.account_id}:event-bus/default"
    event_patterns = local.event_patterns
  }
}
