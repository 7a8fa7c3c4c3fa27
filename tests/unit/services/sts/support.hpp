#pragma once

#include <string>

#include "services/sts/client.hpp"
#include "support/fake_http.hpp"
#include "support/fakes.hpp"

namespace ci_lambda::testing {

constexpr const char* kDeployRole = "arn:aws:iam::111122223333:role/deploy";

/// An answer as AWS documents it, with this end.
inline std::string assumed_in_xml(const std::string& end, const std::string& key_id = "ASIAEXAMPLE") {
    return R"~(<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <SourceIdentity>Alice</SourceIdentity>
    <AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/deploy/ci_lambda</Arn>
      <AssumedRoleId>AROAEXAMPLE:ci_lambda</AssumedRoleId></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>)~" +
           key_id + R"~(</AccessKeyId>
      <SecretAccessKey>assumed-secret&amp;key</SecretAccessKey>
      <SessionToken>assumed-token+/==</SessionToken>
      <Expiration>)~" +
           end + R"~(</Expiration>
    </Credentials>
    <PackedPolicySize>6</PackedPolicySize>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>c6104cbe</RequestId></ResponseMetadata>
</AssumeRoleResponse>)~";
}

/// The same as STS answers who accepts JSON; `end` is JSON.
inline std::string assumed_in_json(const std::string& end, const std::string& key_id = "ASIAEXAMPLE") {
    return R"~({"AssumeRoleResponse":{"AssumeRoleResult":{"AssumedRoleUser":{"Arn":"arn","AssumedRoleId":"id"},
        "Credentials":{"AccessKeyId":")~" +
           key_id + R"~(","SecretAccessKey":"assumed-secret&key","SessionToken":"assumed-token+/==","Expiration":)~" +
           end + R"~(},"PackedPolicySize":null},"ResponseMetadata":{"RequestId":"c6104cbe"}}})~";
}

inline const std::vector<HttpHeader> kXml{{.name = "Content-Type", .value = "text/xml"}};
inline const std::vector<HttpHeader> kJson{{.name = "Content-Type", .value = "application/json"}};

struct StsWorld {
    explicit StsWorld(AwsEndpointOptions options = {.region = "eu-west-1"}) : endpoint(std::move(options)) {}

    AwsEndpointOptions endpoint;
    FakeHttp http;
    FakeCredentials base;
    RecordingLog log;
    FakeSleeper sleeper{log.clock};
    StsClient sts{endpoint, http, base, log.clock, sleeper, log.logger};
};

}  // namespace ci_lambda::testing
