// What the bench compares ci_lambda with: the same calls to ECS for the same event, as a Go developer would write them
// with aws-lambda-go and aws-sdk-go-v2. The newest revision and the service are looked up at the same time, then the
// service is updated.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

type event struct {
	Service string `json:"service"`
}

type answer struct {
	Status         string `json:"status"`
	Service        string `json:"service"`
	TaskDefinition string `json:"task_definition"`
}

type deployer struct {
	ecs     *ecs.Client
	project string
	env     string
}

// Revisions are numbers: `:10` is newer than `:9`, whatever the order of the answer.
func (d *deployer) newestRevision(ctx context.Context, family string) (string, error) {
	newest, highest := "", -1
	pages := ecs.NewListTaskDefinitionsPaginator(d.ecs, &ecs.ListTaskDefinitionsInput{
		FamilyPrefix: aws.String(family),
		Status:       types.TaskDefinitionStatusActive,
		Sort:         types.SortOrderDesc,
		MaxResults:   aws.Int32(100),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, arn := range page.TaskDefinitionArns {
			number, err := strconv.Atoi(arn[strings.LastIndexByte(arn, ':')+1:])
			if err == nil && number > highest && strings.HasSuffix(arn, fmt.Sprintf("/%s:%d", family, number)) {
				newest, highest = arn, number
			}
		}
	}
	if newest == "" {
		return "", fmt.Errorf("the task definition family %s has no ACTIVE revision", family)
	}
	return newest, nil
}

func (d *deployer) checkService(ctx context.Context, cluster, name string) error {
	described, err := d.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: aws.String(cluster), Services: []string{name}})
	if err != nil {
		return err
	}
	for _, service := range described.Services {
		if aws.ToString(service.ServiceName) == name && aws.ToString(service.Status) == "ACTIVE" {
			return nil
		}
	}
	return fmt.Errorf("there is no ACTIVE service %s", name)
}

func (d *deployer) handle(ctx context.Context, raw json.RawMessage) (answer, error) {
	var request event
	if err := json.Unmarshal(raw, &request); err != nil {
		return answer{}, err
	}
	cluster := fmt.Sprintf("%s_cluster_%s", d.project, d.env)
	name := fmt.Sprintf("%s_service_%s_%s", d.project, request.Service, d.env)

	var revision string
	var revisionError, serviceError error
	var lookups sync.WaitGroup
	lookups.Add(1)
	go func() {
		defer lookups.Done()
		serviceError = d.checkService(ctx, cluster, name)
	}()
	revision, revisionError = d.newestRevision(ctx, name)
	lookups.Wait()
	if err := errors.Join(revisionError, serviceError); err != nil {
		return answer{}, err
	}

	updated, err := d.ecs.UpdateService(ctx, &ecs.UpdateServiceInput{
		Cluster:            aws.String(cluster),
		Service:            aws.String(name),
		TaskDefinition:     aws.String(revision),
		ForceNewDeployment: true,
	})
	if err != nil {
		return answer{}, err
	}
	slog.Info("deployment accepted by ECS", "service", name, "task_definition", revision)
	return answer{Status: "deployed", Service: aws.ToString(updated.Service.ServiceName), TaskDefinition: revision}, nil
}

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		slog.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	d := &deployer{
		ecs:     ecs.NewFromConfig(settings),
		project: os.Getenv("PROJECT_NAME"),
		env:     os.Getenv("PROJECT_ENV"),
	}
	slog.Info("cold start")
	lambda.Start(d.handle)
}
