#include "deployer/observe/service_view.hpp"

namespace ci_lambda {

const EcsService* ServiceView::service() const {
    return snapshot_->services ? snapshot_->services->find(target_->service) : nullptr;
}

const EcsDeployment* ServiceView::primary() const {
    const auto* shown = service();
    return shown == nullptr ? nullptr : shown->primary();
}

const History& ServiceView::history() {
    if (!history_)
        history_ =
            records_unreadable_ ? History{.records = {}, .unknown = true} : observer_->history(*target_, deadline_);
    return *history_;
}

}  // namespace ci_lambda
