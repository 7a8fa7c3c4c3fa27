# What the function may do, and nothing more. Which actions take which resources and condition keys: Service Authorization
# Reference, Amazon ECS.

locals {
  name = coalesce(var.function_name, replace("${var.project_name}_ci_lambda_${var.project_env}", ".", "-"))

  log_group_name         = "/aws/lambda/${local.name}"
  dead_letter_queue_name = "${local.name}-failed"
  sqs_arn                = "arn:${local.partition}:sqs:${local.region}:${local.account_id}"
  dead_letter_queue_arn  = "${local.sqs_arn}:${local.dead_letter_queue_name}"
  role_arn               = "arn:${local.partition}:iam::${local.account_id}:role/${local.name}"
  function_arn           = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${local.name}"

  # IAM takes no more for all inline policies of a role.
  longest_policy = 10240

  # The families of all services, the backend's without a name in it, too.
  families_by_rule = replace(replace(replace(replace(replace(
    var.task_family_pattern, "_{name}", "*"), "{name}_", "*"), "{name}", "*"),
    "{project}", var.project_name), "{env}", var.project_env
  )

  # With discovery nobody knows beforehand which services and families there are.
  services_mapped = length(local.ecs_services) > 0 && !var.discovery
  service_names   = local.services_mapped ? sort(values(local.ecs_services)[*].service_name) : ["*"]
  families = sort(distinct(concat(
    [for service in values(local.ecs_services) : service.task_family],
    [for family in [local.families_by_rule] : family if !local.services_mapped && !var.discovery],
    [for family in var.discovery_scope.task_families : family if var.discovery],
  )))

  # Where not all of the names fit: at first every service of the cluster may be looked at, then changed as well. What they
  # run stays bound to the families for as long as these fit.
  policy_scopes = [
    { changed = local.service_names, seen = local.service_names, families = local.families },
    { changed = local.service_names, seen = ["*"], families = local.families },
    { changed = ["*"], seen = ["*"], families = local.families },
    { changed = ["*"], seen = ["*"], families = ["*"] },
  ]
  # Tasks that no service runs, and what starts them: named, or all that there are.
  task_families = concat(local.tasks[*].task_family, local.tasks_found ? var.discovery_scope.task_families : [])
  schedule_names = local.tasks_looked_for ? ["*/*"] : [
    for name in local.task_schedules : strcontains(name, "/") ? name : "default/${name}"
  ]
  task_rule_names = local.tasks_looked_for ? ["*"] : [for name in local.task_rules : trimprefix(name, "default/")]

  # What whoever deploys needs where it deploys: of the function's own role (""), and of the role of each target that has one.
  # infra/terraform/modules/target-role gives a target's role its own.
  deploying = {
    for who, at in local.deployers : who => [
      for number, scope in local.policy_scopes : concat(
        [
          {
            # Whoever stops a deployment needs the permission on the service and on the service deployment. ECS compares the
            # task definition whenever a request names one: nobody else's can be put into a service of ours.
            Sid    = "RollTheServicesOfThisCluster"
            Effect = "Allow"
            Action = concat(
              ["ecs:DescribeServices", "ecs:UpdateService"],
              local.rollback_wanted ? ["ecs:StopServiceDeployment"] : [],
            )
            Resource = flatten([
              for place in setproduct(at.clusters, scope.changed) : concat(
                ["${at.ecs_arn}:service/${place[0]}/${place[1]}"],
                local.rollback_wanted ? ["${at.ecs_arn}:service-deployment/${place[0]}/${place[1]}/*"] : [],
              )
            ])
            Condition = merge(at.only_these_clusters, {
              ArnLikeIfExists = { "ecs:task-definition" = concat(at.task_definitions[number], at.copies[number]) }
            })
          },
          {
            # A shell in the tasks would have their roles.
            Sid       = "NeverOpenAShell"
            Effect    = "Deny"
            Action    = ["ecs:UpdateService"]
            Resource  = ["*"]
            Condition = { StringEquals = { "ecs:enable-execute-command" = "true" } }
          },
          {
            # To describe a deployment or a revision needs the permission on the service as well. The tasks' ARNs name the
            # cluster alone.
            Sid    = "SeeHowDeploymentsEnd"
            Effect = "Allow"
            Action = [
              "ecs:ListServiceDeployments", "ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions", "ecs:DescribeTasks",
            ]
            Resource = concat(
              flatten([
                for place in setproduct(at.clusters, scope.seen) : [
                  "${at.ecs_arn}:service/${place[0]}/${place[1]}",
                  "${at.ecs_arn}:service-deployment/${place[0]}/${place[1]}/*",
                  "${at.ecs_arn}:service-revision/${place[0]}/${place[1]}/*",
                ]
              ]),
              [for cluster in at.clusters : "${at.ecs_arn}:task/${cluster}/*"],
            )
          },
          {
            # ecs:ListServices knows no resources, and ecs:ListTasks only container instances, which a list of a service's
            # tasks does not name: AWS may check both against "*". The condition is what limits them. Who has a map of the
            # services needs no list of them.
            Sid       = "ListWhatRunsInThisCluster"
            Effect    = "Allow"
            Action    = concat(local.services_mapped ? [] : ["ecs:ListServices"], ["ecs:ListTasks"])
            Resource  = ["*"]
            Condition = at.only_these_clusters
          },
          {
            # Neither action knows resources: AWS accepts only "*".
            Sid      = "FindTaskDefinitions"
            Effect   = "Allow"
            Action   = ["ecs:ListTaskDefinitions", "ecs:DescribeTaskDefinition"]
            Resource = ["*"]
          },
          {
            # The tags of a copy say what it stands for. They are described with the task definition.
            Sid    = "KnowWhatACopyStandsFor"
            Effect = "Allow"
            Action = ["ecs:ListTagsForResource"]
            Resource = concat(
              at.task_definitions[number], at.copies[number],
              # Of services they say the exceptions, and who holds them.
              # And which run of a pipeline is the latest.
              [for cluster in at.clusters : "${at.ecs_arn}:service/${cluster}/*" if var.discovery || var.holds || local.pipelines_wanted],
            )
          },
        ],
        [
          for wanted in [local.rollback_wanted] : {
            # Copies of what ran well, in families of their own.
            Sid      = "KeepWhatToGoBackTo"
            Effect   = "Allow"
            Action   = ["ecs:RegisterTaskDefinition"]
            Resource = at.copies[number]
          } if wanted
        ],
        [
          for wanted in [local.rollback_wanted] : {
            # At their registration, and never afterwards.
            Sid       = "SayWhatACopyStandsFor"
            Effect    = "Allow"
            Action    = ["ecs:TagResource"]
            Resource  = at.copies[number]
            Condition = { StringEquals = { "ecs:CreateAction" = "RegisterTaskDefinition" } }
          } if wanted
        ],
        [
          for wanted in [var.holds] : {
            Sid       = "HoldServicesAndReleaseThem"
            Effect    = "Allow"
            Action    = ["ecs:TagResource", "ecs:UntagResource"]
            Resource  = [for cluster in at.clusters : "${at.ecs_arn}:service/${cluster}/*"]
            Condition = { "ForAllValues:StringLike" = { "aws:TagKeys" = ["ci_lambda:hold"] } }
          } if wanted
        ],
        [
          for wanted in [local.pipelines_wanted] : {
            Sid       = "SayWhichRunIsTheLatest"
            Effect    = "Allow"
            Action    = ["ecs:TagResource"]
            Resource  = [for cluster in at.clusters : "${at.ecs_arn}:service/${cluster}/*"]
            Condition = { "ForAllValues:StringLike" = { "aws:TagKeys" = ["ci_lambda:pipeline"] } }
          } if wanted
        ],
        [
          for wanted in [local.verify_wanted] : {
            # Composite alarms are only shown to whoever may see all.
            Sid      = "SeeAlarms"
            Effect   = "Allow"
            Action   = ["cloudwatch:DescribeAlarms"]
            Resource = ["*"]
          } if wanted
        ],
        [
          for wanted in [local.before_wanted] : {
            # On our clusters, what the services run, and the tasks that are named.
            Sid       = "RunTasksBefore"
            Effect    = "Allow"
            Action    = ["ecs:RunTask"]
            Resource  = at.task_definitions[number]
            Condition = at.only_these_clusters
          } if wanted
        ],
        [
          for families in [local.before_families] : {
            Sid       = "RunNamedTasksBefore"
            Effect    = "Allow"
            Action    = ["ecs:RunTask"]
            Resource  = [for family in families : "${at.ecs_arn}:task-definition/${family}:*"]
            Condition = at.only_these_clusters
          } if local.before_wanted && length(families) > 0
        ],
        [
          for families in [local.before_families] : {
            Sid      = "RegisterTasksBefore"
            Effect   = "Allow"
            Action   = ["ecs:RegisterTaskDefinition", "ecs:ListTagsForResource"]
            Resource = [for family in families : "${at.ecs_arn}:task-definition/${family}:*"]
          } if local.before_wanted && length(families) > 0
        ],
        [
          for families in [local.before_families] : {
            # At their registration, and never afterwards.
            Sid       = "TagTasksBefore"
            Effect    = "Allow"
            Action    = ["ecs:TagResource"]
            Resource  = [for family in families : "${at.ecs_arn}:task-definition/${family}:*"]
            Condition = { StringEquals = { "ecs:CreateAction" = "RegisterTaskDefinition" } }
          } if local.before_wanted && length(families) > 0
        ],
        [
          for wanted in [var.failure_log_lines > 0] : {
            # What containers wrote that have failed.
            Sid    = "ReadLastWords"
            Effect = "Allow"
            Action = ["logs:GetLogEvents"]
            Resource = length(var.failure_log_groups) > 0 ? [
              for group in var.failure_log_groups : "arn:*:logs:*:$${aws:PrincipalAccount}:log-group:${group}:log-stream:*"
            ] : ["arn:*:logs:*:${at.account_id}:log-group:*:log-stream:*"]
          } if wanted
        ],
        [
          for wanted in [var.answer_requests && var.enable_manual_deploy] : {
            # What waits for a person goes on, or is taken back. Which condition keys ContinueServiceDeployment knows is not
            # written down, so the ARNs alone name the cluster.
            Sid    = "AnswerWhatWaits"
            Effect = "Allow"
            Action = ["ecs:ContinueServiceDeployment", "ecs:StopServiceDeployment"]
            Resource = flatten([
              for place in setproduct(at.clusters, scope.changed) : [
                "${at.ecs_arn}:service/${place[0]}/${place[1]}",
                "${at.ecs_arn}:service-deployment/${place[0]}/${place[1]}/*",
              ]
            ])
          } if wanted
        ],
        [
          for wanted in [local.revisions_wanted] : {
            # With the pushed image in place of the one before.
            Sid      = "RegisterWhatWasPushed"
            Effect   = "Allow"
            Action   = ["ecs:RegisterTaskDefinition"]
            Resource = at.task_definitions[number]
          } if wanted
        ],
        [
          for wanted in [local.revisions_wanted] : {
            # At their registration, and never afterwards.
            Sid       = "SayWhatWasPushed"
            Effect    = "Allow"
            Action    = ["ecs:TagResource"]
            Resource  = at.task_definitions[number]
            Condition = { StringEquals = { "ecs:CreateAction" = "RegisterTaskDefinition" } }
          } if wanted
        ],
        [
          for clusters in [var.promotion_clusters] : {
            # What has proven good in other environments. To describe a revision needs the permission on the service as well.
            Sid    = "SeeWhatOtherEnvironmentsRun"
            Effect = "Allow"
            Action = ["ecs:DescribeServices", "ecs:ListServiceDeployments", "ecs:DescribeServiceRevisions"]
            Resource = flatten([
              for cluster in clusters : [
                "${at.ecs_arn}:service/${cluster}/*", "${at.ecs_arn}:service-revision/${cluster}/*/*",
              ]
            ])
          } if var.image_requests && length(clusters) > 0
        ],
        [
          for wanted in [var.express_services] : {
            # Neither action is known to take the key ecs:cluster, and the services' ARNs name the cluster.
            Sid      = "DeployExpressServices"
            Effect   = "Allow"
            Action   = ["ecs:DescribeExpressGatewayService", "ecs:UpdateExpressGatewayService"]
            Resource = [for place in setproduct(at.clusters, scope.changed) : "${at.ecs_arn}:service/${place[0]}/${place[1]}"]
          } if wanted
        ],
        [
          for wanted in [var.express_services] : {
            # ECS writes it for whoever updates the service, in a family that it names itself.
            Sid      = "RegisterWhatExpressServicesRun"
            Effect   = "Allow"
            Action   = ["ecs:RegisterTaskDefinition", "ecs:ListTagsForResource"]
            Resource = ["${at.ecs_arn}:task-definition/*:*"]
          } if wanted
        ],
        [
          for wanted in [var.express_services] : {
            # After ECS has written it, and with tags of ours alone.
            Sid       = "SayWhatExpressServicesRun"
            Effect    = "Allow"
            Action    = ["ecs:TagResource"]
            Resource  = ["${at.ecs_arn}:task-definition/*:*"]
            Condition = { "ForAllValues:StringLike" = { "aws:TagKeys" = "ci_lambda:*" }, Null = { "aws:TagKeys" = "false" } }
          } if wanted
        ],
        [
          for wanted in [local.tasks_wanted] : {
            # Of tasks that no service runs, as of services.
            Sid      = "RegisterWhatTasksRun"
            Effect   = "Allow"
            Action   = ["ecs:RegisterTaskDefinition"]
            Resource = at.tasks_definitions
          } if wanted
        ],
        [
          for wanted in [local.tasks_wanted] : {
            # At their registration, and never afterwards.
            Sid       = "SayWhatTasksRun"
            Effect    = "Allow"
            Action    = ["ecs:TagResource"]
            Resource  = at.tasks_definitions
            Condition = { StringEquals = { "ecs:CreateAction" = "RegisterTaskDefinition" } }
          } if wanted
        ],
        [
          for wanted in [local.tasks_wanted] : {
            Sid      = "KnowWhatTasksRun"
            Effect   = "Allow"
            Action   = ["ecs:ListTagsForResource"]
            Resource = at.tasks_definitions
          } if wanted
        ],
        [
          for schedules in [at.schedule_arns] : {
            Sid      = "MoveSchedules"
            Effect   = "Allow"
            Action   = ["scheduler:GetSchedule", "scheduler:UpdateSchedule"]
            Resource = schedules
          } if length(schedules) > 0
        ],
        [
          for rules in [at.task_rule_arns] : {
            Sid      = "SeeTargetsOfRules"
            Effect   = "Allow"
            Action   = ["events:ListTargetsByRule"]
            Resource = rules
          } if length(rules) > 0
        ],
        [
          for rules in [at.task_rule_arns] : {
            # A target on our clusters, and on nothing else.
            Sid       = "MoveTargetsOfRules"
            Effect    = "Allow"
            Action    = ["events:PutTargets"]
            Resource  = rules
            Condition = { ArnEquals = { "events:TargetArn" = try(one(at.task_cluster_arns), at.task_cluster_arns) } }
          } if length(rules) > 0
        ],
        [
          for wanted in [local.tasks_looked_for] : {
            # Neither action knows resources: AWS accepts only "*".
            Sid      = "FindWhatStartsTasks"
            Effect   = "Allow"
            Action   = ["scheduler:ListSchedules", "events:ListRuleNamesByTarget"]
            Resource = ["*"]
          } if wanted
        ],
        [
          for wanted in [var.code_deploy] : {
            # A group's own role moves tasks and traffic. CreateDeployment asks for the permissions on the revision and on the
            # configuration, too.
            Sid    = "DeployByCodeDeploy"
            Effect = "Allow"
            Action = [
              "codedeploy:BatchGetApplications", "codedeploy:BatchGetDeploymentGroups", "codedeploy:BatchGetDeployments",
              "codedeploy:CreateDeployment", "codedeploy:GetApplicationRevision", "codedeploy:GetDeployment",
              "codedeploy:GetDeploymentConfig", "codedeploy:GetDeploymentGroup", "codedeploy:ListDeploymentGroups",
              "codedeploy:ListDeployments", "codedeploy:RegisterApplicationRevision",
            ]
            Resource = [
              for kind in ["application:*", "deploymentconfig:*", "deploymentgroup:*/*"] :
              "arn:${local.partition}:codedeploy:${at.region}:${at.account_id}:${kind}"
            ]
          } if wanted
        ],
        [
          for wanted in [var.code_deploy] : {
            # None of them knows resources: AWS accepts only "*".
            Sid    = "FollowWhatCodeDeployDoes"
            Effect = "Allow"
            Action = concat(
              ["codedeploy:GetDeploymentTarget", "codedeploy:ListApplications"],
              var.rollback_on_failure ? ["codedeploy:StopDeployment"] : [],
            )
            Resource = ["*"]
          } if wanted
        ],
        [
          for wanted in [local.revisions_wanted && var.enable_manual_deploy] : {
            # A request may name an image: is it there, and for the platform of the service? A single image says that in
            # its config, which is fetched like a layer.
            Sid      = "LookAtTheImageThatIsAskedFor"
            Effect   = "Allow"
            Action   = ["ecr:DescribeImages", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
            Resource = at.repository_arns
          } if wanted
        ],
        [
          for wanted in [local.targets_wanted] : {
            # A pushed image may still be on its way to another region: the function looks until it is there.
            Sid      = "SeeWhatIsReplicated"
            Effect   = "Allow"
            Action   = ["ecr:DescribeImages"]
            Resource = at.replica_arns
          } if wanted
        ],
        [
          for regions in [at.only_in] : {
            # The ARNs above have any region then.
            Sid       = "NowhereElse"
            Effect    = "Deny"
            Action    = ["cloudwatch:*", "codedeploy:*", "ecr:*", "ecs:*", "events:*", "scheduler:*"]
            Resource  = ["*"]
            Condition = { StringNotEquals = { "aws:RequestedRegion" = regions } }
          } if length(regions) > 0
        ],
      )
    ]
  }

  # The state machine of pipelines, and what it needs.
  pipelines = {
    definition = templatefile("${path.module}/pipelines.asl.json", { Function = local.function_arn, Partition = local.partition })
    policy = jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid      = "CallTheFunction"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [local.function_arn]
      }]
    })
    trust = jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Service = "states.amazonaws.com" }
        Action    = "sts:AssumeRole"
        # Of the one that is made here, and no other.
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account_id }
          ArnLike      = { "aws:SourceArn" = local.state_machine_arn }
        }
      }]
    })
  }

  # What the function itself needs.
  policies = [
    for statements in local.deploying[""] : jsonencode({
      Version = "2012-10-17"
      Statement = concat(
        [for statement in statements : statement if local.deploys_itself],
        [
          for wanted in [local.promotions_wanted] : {
            # Of the environments that a pipeline promotes to, whose functions have rules for these.
            Sid       = "TellOtherEnvironments"
            Effect    = "Allow"
            Action    = ["events:PutEvents"]
            Resource  = ["arn:${local.partition}:events:${local.region}:${local.account_id}:event-bus/default"]
            Condition = { "ForAllValues:StringLike" = { "events:source" = ["action.*"] } }
          } if wanted
        ],
        [
          for roles in [var.schedule_role_arns] : {
            # Whoever puts a target gives it its role anew.
            Sid       = "PassTheRolesOfSchedules"
            Effect    = "Allow"
            Action    = ["iam:PassRole"]
            Resource  = roles
            Condition = { StringEquals = { "iam:PassedToService" = ["scheduler.amazonaws.com", "events.amazonaws.com"] } }
          } if local.tasks_wanted && length(roles) > 0
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
          for roles in [var.hook_role_arns] : {
            # Whoever gives a service a hook passes the role with which ECS invokes it.
            Sid       = "PassTheRolesOfHooks"
            Effect    = "Allow"
            Action    = ["iam:PassRole"]
            Resource  = roles
            Condition = { StringEquals = { "iam:PassedToService" = "ecs.amazonaws.com" } }
          } if length(roles) > 0
        ],
        [
          for roles in [local.target_role_arns] : {
            # These and no others; each says itself who may assume it.
            Sid      = "AssumeTheRolesOfTargets"
            Effect   = "Allow"
            Action   = ["sts:AssumeRole"]
            Resource = roles
          } if length(roles) > 0
        ],
        [
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
          for wanted in [local.calls_wanted] : {
            Sid    = "PlanTheNextLook"
            Effect = "Allow"
            Action = concat(
              ["scheduler:CreateSchedule", "scheduler:UpdateSchedule", "scheduler:DeleteSchedule"],
              local.holds_wanted || local.approvals_wanted ? ["scheduler:GetSchedule"] : [],
            )
            Resource = [
              for what in concat(["verify"], local.holds_wanted ? ["thaw"] : [], local.approvals_wanted ? ["approval"] : []) :
              "arn:${local.partition}:scheduler:${local.region}:${local.account_id}:schedule/${local.calls_group}/ci_lambda-${what}-*"
            ]
          } if wanted
        ],
        [
          for wanted in [local.calls_wanted] : {
            Sid       = "PassTheRoleOfTheLooks"
            Effect    = "Allow"
            Action    = ["iam:PassRole"]
            Resource  = [local.verify_role_arn]
            Condition = { StringEquals = { "iam:PassedToService" = "scheduler.amazonaws.com" } }
          } if wanted
        ],
        [
          for wanted in [local.door_wanted] : {
            # Whoever presses a button waits for three seconds: what it means is carried out by another invocation.
            Sid      = "InvokeItself"
            Effect   = "Allow"
            Action   = ["lambda:InvokeFunction"]
            Resource = [local.function_arn, "${local.function_arn}:*"]
          } if wanted
        ],
        [
          for machine in [local.state_machine_arn] : {
            Sid      = "BeginPipelines"
            Effect   = "Allow"
            Action   = ["states:StartExecution", "states:ListExecutions"]
            Resource = [machine]
          } if machine != ""
        ],
        [
          for machine in [local.state_machine_arn] : {
            Sid      = "LookAfterPipelines"
            Effect   = "Allow"
            Action   = ["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"]
            Resource = ["${replace(machine, ":stateMachine:", ":execution:")}:*"]
          } if machine != ""
        ],
        [
          for calendars in [var.change_calendars] : {
            Sid    = "AskWhetherCalendarsAreOpen"
            Effect = "Allow"
            Action = ["ssm:GetCalendarState"]
            Resource = [
              for one in calendars :
              startswith(one, "arn:") ? one : "arn:${local.partition}:ssm:${local.region}:${local.account_id}:document/${one}"
            ]
          } if length(calendars) > 0
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
        local.config_statements,
        [
          for key in [var.kms_key_arn] : {
            Sid    = "ReadTheEnvironment"
            Effect = "Allow"
            # Lambda names the function in what it encrypts: nothing else that is encrypted with this key can be read.
            Action    = ["kms:Decrypt"]
            Resource  = [key]
            Condition = { StringEquals = { "kms:EncryptionContext:aws:lambda:FunctionArn" = local.function_arn } }
          } if key != null
        ],
        [
          for network in [var.vpc_config] : {
            # Lambda itself makes the function's network interfaces, with this role (Lambda developer guide, VPC). The
            # actions that describe know no resources, and an interface that is still to be made has no name.
            Sid    = "BeInTheNetwork"
            Effect = "Allow"
            Action = [
              "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces",
              "ec2:DescribeSubnets", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
            ]
            Resource = ["*"]
          } if network != null
        ],
        [
          for network in [var.vpc_config] : {
            # Lambda needs them, what runs in the function does not.
            Sid       = "LeaveTheNetworkToLambda"
            Effect    = "Deny"
            Action    = ["ec2:*"]
            Resource  = ["*"]
            Condition = { ArnEquals = { "lambda:SourceFunctionArn" = local.function_arn } }
          } if network != null
        ],
      )
    })
  ]
  policy = concat([for policy in local.policies : policy if length(policy) <= local.longest_policy], reverse(local.policies))[0]
}
