# Who the services are, in one form, whether `services` says it or the seven maps: patterns.tf and policy.tf read this alone.

locals {
  by_services = length(var.services) > 0

  # Where any service has a name of its own, `services` is the complete list of what is ours; where none has, the patterns
  # alone say it (docs/configuration.md, Services).
  services_named = anytrue([for service in values(var.services) : service.service_name != null || service.task_family != null])

  # Approvals that services ask for themselves, and tasks before and after them, and freezes.
  approvals_wanted = var.approval_required || try(nonsensitive(var.approval_key != ""), var.approval_key != "") || anytrue([
    for service in values(var.services) : try(service.approval.required, false)
  ])
  before_wanted = var.before_tasks || anytrue([for service in values(var.services) : service.before != null || service.after != null])
  before_families = distinct(concat(var.before_task_families, flatten([
    for service in values(var.services) : [for task in [service.before, service.after] : task.family if try(task.family, null) != null]
  ])))
  services_frozen = anytrue([for service in values(var.services) : try(length(service.freezes) > 0, false)])

  # What the patterns leave of a name, as in src/config/names.cpp: that of the backend has no {name}.
  name_patterns = {
    for kind, pattern in { service_name = var.service_name_pattern, task_family = var.task_family_pattern } :
    kind => replace(replace(pattern, "{project}", var.project_name), "{env}", var.project_env)
  }
  backend_names = {
    for kind, pattern in local.name_patterns :
    kind => replace(replace(replace(pattern, "_{name}", ""), "{name}_", ""), "{name}", "")
  }
  # `backend` and its other name are one service.
  backends = [for id in keys(var.services) : id if id == "backend" || id == var.backend_service_name]

  # The ECS names, as ecs_service_map has them.
  ecs_services = merge(var.ecs_service_map, {
    for id, service in var.services : id => {
      for kind, name in { service_name = service.service_name, task_family = service.task_family } :
      kind => name != null ? name : (
        contains(local.backends, id) ? local.backend_names[kind] : replace(local.name_patterns[kind], "{name}", id)
      )
    } if local.services_named
  })

  # Tasks that no service runs, whatever their ids begin with.
  tasks        = values(var.scheduled_task_map)
  tasks_found  = var.discovery && var.discovery_tasks
  tasks_wanted = length(local.tasks) > 0 || local.tasks_found
  tasks_listed = [for task in local.tasks : task if task.schedules == null && task.rules == null]
  # Whether what starts tasks is found by listing all that there is.
  tasks_looked_for = length(local.tasks_listed) > 0 || local.tasks_found
  task_schedules   = sort(distinct(flatten([for task in local.tasks : coalesce(task.schedules, [])])))
  task_rules       = sort(distinct(flatten([for task in local.tasks : coalesce(task.rules, [])])))
  task_repositories = concat(
    flatten([for task in local.tasks : coalesce(task.repositories, [])]),
    [for repository, ids in var.ecr_repo_map : repository if anytrue([for id in ids : startswith(id, "task:")])],
  )

  repositories = sort(distinct(concat(keys(var.ecr_repo_map), flatten(values(var.services)[*].repositories))))
  mapped_paths = sort(distinct([
    for path in concat(keys(var.ssm_service_map), flatten(values(var.services)[*].parameters)) : trim(path, "/")
  ]))
  # A push, or a request that names an image, registers revisions.
  revisions_wanted = var.image_requests || var.ecr_deploy_mode == "revision" || contains(values(var.services)[*].image_mode, "revision")

  files = concat(flatten(values(var.service_config)), flatten(values(var.s3_service_map)), flatten(values(var.services)[*].files))

  maps_given = [
    for name, size in {
      ecs_service_map = length(var.ecs_service_map)
      ecr_repo_map    = length(var.ecr_repo_map)
      ssm_service_map = length(var.ssm_service_map)
      service_config  = length(var.service_config)
      s3_service_map  = length(var.s3_service_map)
      auto_deploy_map = length(var.auto_deploy_map)
      ecr_tag_filter  = length(var.ecr_tag_filter)
    } : name if size > 0
  ]
}
