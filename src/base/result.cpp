#include "base/result.hpp"

namespace ci_lambda {

bool retryable(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::kThrottled:
        case ErrorKind::kServer:
        case ErrorKind::kTimeout:
        case ErrorKind::kConnection:
        case ErrorKind::kBusy: return true;
        case ErrorKind::kConfiguration:
        case ErrorKind::kInvalidEvent:
        case ErrorKind::kCredentials:
        case ErrorKind::kExpiredCredentials:
        case ErrorKind::kTls:
        case ErrorKind::kRejected:
        case ErrorKind::kAccessDenied:
        case ErrorKind::kNotFound:
        case ErrorKind::kProtocol:
        case ErrorKind::kDeadline:
        case ErrorKind::kInternal: return false;
    }
    return false;
}

std::string_view to_string(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::kConfiguration: return "configuration";
        case ErrorKind::kInvalidEvent: return "invalid_event";
        case ErrorKind::kCredentials: return "credentials";
        case ErrorKind::kExpiredCredentials: return "expired_credentials";
        case ErrorKind::kThrottled: return "throttled";
        case ErrorKind::kServer: return "server";
        case ErrorKind::kTimeout: return "timeout";
        case ErrorKind::kConnection: return "connection";
        case ErrorKind::kTls: return "tls";
        case ErrorKind::kRejected: return "rejected";
        case ErrorKind::kAccessDenied: return "access_denied";
        case ErrorKind::kNotFound: return "not_found";
        case ErrorKind::kProtocol: return "protocol";
        case ErrorKind::kBusy: return "busy";
        case ErrorKind::kDeadline: return "deadline";
        case ErrorKind::kInternal: return "internal";
    }
    return "internal";
}

Error with_context(Error error, std::string_view what) {
    error.message.insert(0, ": ").insert(0, what);
    return error;
}

}  // namespace ci_lambda
