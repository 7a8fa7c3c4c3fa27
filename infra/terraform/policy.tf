# What the function may do, and nothing more. Which actions take which resources and condition keys: Service Authorization
# Reference, Amazon ECS.

locals {
  name = coalesce(var.function_name, replace("${var.project_name}_ci_lambda_${var.project_env}", ".", "-"))

  log_group_name         = "/aws/lambda/${local.name}"
  dead_letter_queue_name = "${local.name}-failed"
  sqs_arn                = "arn:${local.partition}:sqs:${local.region}:${local.account_id}"
  dead_letter_queue_arn  = "${local.sqs_arn}:${local.dead_letter_queue_name}"
  cluster_arn            = "${local.ecs_arn}:cluster/${local.cluster_name}"
  only_this_cluster      = { ArnEquals = { "ecs:cluster" = local.cluster_arn } }

  # IAM takes no more for all inline policies of a role.
  longest_policy = 10240

  # The families of all services, the backend's without a name in it, too.
  families_by_rule = replace(replace(replace(replace(replace(
    var.task_family_pattern, "_{name}", "*"), "{name}_", "*"), "{name}", "*"),
    "{project}", var.project_name), "{env}", var.project_env
  )

  services_mapped = length(var.ecs_service_map) > 0
  service_names   = local.services_mapped ? sort(values(var.ecs_service_map)[*].service_name) : ["*"]
  families        = local.services_mapped ? sort(distinct(values(var.ecs_service_map)[*].task_family)) : [local.families_by_rule]

  # Where not all of the names fit: at first every service of the cluster may be looked at, then changed as well.
  policy_scopes = [
    { changed = local.service_names, seen = local.service_names, families = local.families },
    { changed = local.service_names, seen = ["*"], families = local.families },
    { changed = ["*"], seen = ["*"], families = ["*"] },
  ]
  policies = [
    for scope in local.policy_scopes : jsonencode({
      Version = "2012-10-17"
      Statement = concat(
        [
          {
            # Whoever stops a deployment needs the permission on the service and on the service deployment.
            Sid    = "RollTheServicesOfThisCluster"
            Effect = "Allow"
            Action = concat(
              ["ecs:DescribeServices", "ecs:UpdateService"],
              var.rollback_on_failure ? ["ecs:StopServiceDeployment"] : [],
            )
            Resource = flatten([
              for service in scope.changed : concat(
                ["${local.ecs_arn}:service/${local.cluster_name}/${service}"],
                var.rollback_on_failure ? ["${local.ecs_arn}:service-deployment/${local.cluster_name}/${service}/*"] : [],
              )
            ])
            Condition = local.only_this_cluster
          },
          {
            # To describe a deployment or a revision needs the permission on the service as well. The tasks' ARNs name the
            # cluster alone.
            Sid    = "SeeHowDeploymentsEnd"
            Effect = "Allow"
            Action = [
              "ecs:ListServiceDeployments", "ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions",
              "ecs:DescribeTasks",
            ]
            Resource = concat(
              flatten([
                for service in scope.seen : [
                  "${local.ecs_arn}:service/${local.cluster_name}/${service}",
                  "${local.ecs_arn}:service-deployment/${local.cluster_name}/${service}/*",
                  "${local.ecs_arn}:service-revision/${local.cluster_name}/${service}/*",
                ]
              ]),
              ["${local.ecs_arn}:task/${local.cluster_name}/*"],
            )
          },
          {
            # ecs:ListServices knows no resources, and ecs:ListTasks only container instances, which a list of a service's
            # tasks does not name: AWS may check both against "*". The condition is what limits them.
            Sid       = "ListWhatRunsInThisCluster"
            Effect    = "Allow"
            Action    = ["ecs:ListServices", "ecs:ListTasks"]
            Resource  = ["*"]
            Condition = local.only_this_cluster
          },
          {
            # Neither action knows resources: AWS accepts only "*".
            Sid      = "FindTaskDefinitions"
            Effect   = "Allow"
            Action   = concat(["ecs:ListTaskDefinitions"], var.rollback_on_failure ? ["ecs:DescribeTaskDefinition"] : [])
            Resource = ["*"]
          },
          {
            Sid      = "WriteTheLog"
            Effect   = "Allow"
            Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
            Resource = ["arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${local.log_group_name}:*"]
          },
          {
            Sid      = "KeepWhatFailed"
            Effect   = "Allow"
            Action   = ["sqs:SendMessage"]
            Resource = [local.dead_letter_queue_arn]
          },
        ],
        [
          for wanted in [var.rollback_on_failure] : {
            # Copies of what ran well, in families of their own.
            Sid      = "KeepWhatToGoBackTo"
            Effect   = "Allow"
            Action   = ["ecs:RegisterTaskDefinition"]
            Resource = [for family in scope.families : "${local.ecs_arn}:task-definition/${family}-rollback:*"]
          } if wanted
        ],
        [
          for roles in [var.task_role_arns] : {
            # Without it ECS refuses to start tasks of a task definition that has roles, and to register a copy of one.
            Sid       = "PassTheRolesOfTheTasks"
            Effect    = "Allow"
            Action    = ["iam:PassRole"]
            Resource  = roles
            Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
          } if length(roles) > 0
        ],
        [
          for wanted in [local.queue_wanted] : {
            # Lambda takes the events out of the queue with the function's role.
            Sid      = "TakeEventsOutOfTheQueue"
            Effect   = "Allow"
            Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
            Resource = [local.queue.arn]
          } if wanted
        ],
        [
          for key in [var.kms_key_arn] : {
            Sid      = "ReadTheEnvironment"
            Effect   = "Allow"
            Action   = ["kms:Decrypt"]
            Resource = [key]
          } if key != null
        ],
      )
    })
  ]
  policy = concat([for policy in local.policies : policy if length(policy) <= local.longest_policy], reverse(local.policies))[0]
}
