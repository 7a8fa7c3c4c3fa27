# The five maps as Meroku's lambda.tf writes them into the function's environment, for 30 services with two files each. They do
# not fit: `terraform plan -var with_services=false` says so.

locals {
  ecs_service_map = {
    ""        = { service_name = "shop_service_dev", task_family = "shop_service_dev" }
    accounts  = { service_name = "shop_service_accounts_dev", task_family = "shop_service_accounts_dev" }
    admin     = { service_name = "shop_service_admin_dev", task_family = "shop_service_admin_dev" }
    analytics = { service_name = "shop_service_analytics_dev", task_family = "shop_service_analytics_dev" }
    api       = { service_name = "shop_service_api_dev", task_family = "shop_service_api_dev" }
    audit     = { service_name = "shop_service_audit_dev", task_family = "shop_service_audit_dev" }
    auth      = { service_name = "shop_service_auth_dev", task_family = "shop_service_auth_dev" }
    basket    = { service_name = "shop_service_basket_dev", task_family = "shop_service_basket_dev" }
    billing   = { service_name = "shop_service_billing_dev", task_family = "shop_service_billing_dev" }
    catalog   = { service_name = "shop_service_catalog_dev", task_family = "shop_service_catalog_dev" }
    chat      = { service_name = "shop_service_chat_dev", task_family = "shop_service_chat_dev" }
    checkout  = { service_name = "shop_service_checkout_dev", task_family = "shop_service_checkout_dev" }
    crm       = { service_name = "shop_service_crm_dev", task_family = "shop_service_crm_dev" }
    docs      = { service_name = "shop_service_docs_dev", task_family = "shop_service_docs_dev" }
    exports   = { service_name = "shop_service_exports_dev", task_family = "shop_service_exports_dev" }
    gateway   = { service_name = "shop_service_gateway_dev", task_family = "shop_service_gateway_dev" }
    images    = { service_name = "shop_service_images_dev", task_family = "shop_service_images_dev" }
    imports   = { service_name = "shop_service_imports_dev", task_family = "shop_service_imports_dev" }
    inventory = { service_name = "shop_service_inventory_dev", task_family = "shop_service_inventory_dev" }
    invoices  = { service_name = "shop_service_invoices_dev", task_family = "shop_service_invoices_dev" }
    mailer    = { service_name = "shop_service_mailer_dev", task_family = "shop_service_mailer_dev" }
    orders    = { service_name = "shop_service_orders_dev", task_family = "shop_service_orders_dev" }
    payments  = { service_name = "shop_service_payments_dev", task_family = "shop_service_payments_dev" }
    pricing   = { service_name = "shop_service_pricing_dev", task_family = "shop_service_pricing_dev" }
    reports   = { service_name = "shop_service_reports_dev", task_family = "shop_service_reports_dev" }
    reviews   = { service_name = "shop_service_reviews_dev", task_family = "shop_service_reviews_dev" }
    search    = { service_name = "shop_service_search_dev", task_family = "shop_service_search_dev" }
    shipping  = { service_name = "shop_service_shipping_dev", task_family = "shop_service_shipping_dev" }
    support   = { service_name = "shop_service_support_dev", task_family = "shop_service_support_dev" }
    webhooks  = { service_name = "shop_service_webhooks_dev", task_family = "shop_service_webhooks_dev" }
  }

  ecr_repo_map = {
    shop_backend           = [""]
    shop_service_accounts  = ["accounts"]
    shop_service_admin     = ["admin"]
    shop_service_analytics = ["analytics"]
    shop_service_api       = ["api"]
    shop_service_audit     = ["audit"]
    shop_service_auth      = ["auth"]
    shop_service_basket    = ["basket"]
    shop_service_billing   = ["billing"]
    shop_service_catalog   = ["catalog"]
    shop_service_chat      = ["chat"]
    shop_service_checkout  = ["checkout"]
    shop_service_crm       = ["crm"]
    shop_service_docs      = ["docs"]
    shop_service_exports   = ["exports"]
    shop_service_gateway   = ["gateway"]
    shop_service_images    = ["images"]
    shop_service_imports   = ["imports"]
    shop_service_inventory = ["inventory"]
    shop_service_invoices  = ["invoices"]
    shop_service_mailer    = ["mailer"]
    shop_service_orders    = ["orders"]
    shop_service_payments  = ["payments"]
    shop_service_pricing   = ["pricing"]
    shop_service_reports   = ["reports"]
    shop_service_reviews   = ["reviews"]
    shop_service_search    = ["search"]
    shop_service_shipping  = ["shipping"]
    shop_service_support   = ["support"]
    shop_service_webhooks  = ["webhooks"]
  }

  ssm_service_map = {
    "/dev/shop/backend"   = [""]
    "/dev/shop/accounts"  = ["accounts"]
    "/dev/shop/admin"     = ["admin"]
    "/dev/shop/analytics" = ["analytics"]
    "/dev/shop/api"       = ["api"]
    "/dev/shop/audit"     = ["audit"]
    "/dev/shop/auth"      = ["auth"]
    "/dev/shop/basket"    = ["basket"]
    "/dev/shop/billing"   = ["billing"]
    "/dev/shop/catalog"   = ["catalog"]
    "/dev/shop/chat"      = ["chat"]
    "/dev/shop/checkout"  = ["checkout"]
    "/dev/shop/crm"       = ["crm"]
    "/dev/shop/docs"      = ["docs"]
    "/dev/shop/exports"   = ["exports"]
    "/dev/shop/gateway"   = ["gateway"]
    "/dev/shop/images"    = ["images"]
    "/dev/shop/imports"   = ["imports"]
    "/dev/shop/inventory" = ["inventory"]
    "/dev/shop/invoices"  = ["invoices"]
    "/dev/shop/mailer"    = ["mailer"]
    "/dev/shop/orders"    = ["orders"]
    "/dev/shop/payments"  = ["payments"]
    "/dev/shop/pricing"   = ["pricing"]
    "/dev/shop/reports"   = ["reports"]
    "/dev/shop/reviews"   = ["reviews"]
    "/dev/shop/search"    = ["search"]
    "/dev/shop/shipping"  = ["shipping"]
    "/dev/shop/support"   = ["support"]
    "/dev/shop/webhooks"  = ["webhooks"]
  }

  s3_service_map = {
    ""        = [{ bucket = "shop-env-files-dev", key = "backend.env" }, { bucket = "shop-env-files-dev", key = "backend-secrets.env" }]
    accounts  = [{ bucket = "shop-env-files-dev", key = "accounts.env" }, { bucket = "shop-env-files-dev", key = "accounts-secrets.env" }]
    admin     = [{ bucket = "shop-env-files-dev", key = "admin.env" }, { bucket = "shop-env-files-dev", key = "admin-secrets.env" }]
    analytics = [{ bucket = "shop-env-files-dev", key = "analytics.env" }, { bucket = "shop-env-files-dev", key = "analytics-secrets.env" }]
    api       = [{ bucket = "shop-env-files-dev", key = "api.env" }, { bucket = "shop-env-files-dev", key = "api-secrets.env" }]
    audit     = [{ bucket = "shop-env-files-dev", key = "audit.env" }, { bucket = "shop-env-files-dev", key = "audit-secrets.env" }]
    auth      = [{ bucket = "shop-env-files-dev", key = "auth.env" }, { bucket = "shop-env-files-dev", key = "auth-secrets.env" }]
    basket    = [{ bucket = "shop-env-files-dev", key = "basket.env" }, { bucket = "shop-env-files-dev", key = "basket-secrets.env" }]
    billing   = [{ bucket = "shop-env-files-dev", key = "billing.env" }, { bucket = "shop-env-files-dev", key = "billing-secrets.env" }]
    catalog   = [{ bucket = "shop-env-files-dev", key = "catalog.env" }, { bucket = "shop-env-files-dev", key = "catalog-secrets.env" }]
    chat      = [{ bucket = "shop-env-files-dev", key = "chat.env" }, { bucket = "shop-env-files-dev", key = "chat-secrets.env" }]
    checkout  = [{ bucket = "shop-env-files-dev", key = "checkout.env" }, { bucket = "shop-env-files-dev", key = "checkout-secrets.env" }]
    crm       = [{ bucket = "shop-env-files-dev", key = "crm.env" }, { bucket = "shop-env-files-dev", key = "crm-secrets.env" }]
    docs      = [{ bucket = "shop-env-files-dev", key = "docs.env" }, { bucket = "shop-env-files-dev", key = "docs-secrets.env" }]
    exports   = [{ bucket = "shop-env-files-dev", key = "exports.env" }, { bucket = "shop-env-files-dev", key = "exports-secrets.env" }]
    gateway   = [{ bucket = "shop-env-files-dev", key = "gateway.env" }, { bucket = "shop-env-files-dev", key = "gateway-secrets.env" }]
    images    = [{ bucket = "shop-env-files-dev", key = "images.env" }, { bucket = "shop-env-files-dev", key = "images-secrets.env" }]
    imports   = [{ bucket = "shop-env-files-dev", key = "imports.env" }, { bucket = "shop-env-files-dev", key = "imports-secrets.env" }]
    inventory = [{ bucket = "shop-env-files-dev", key = "inventory.env" }, { bucket = "shop-env-files-dev", key = "inventory-secrets.env" }]
    invoices  = [{ bucket = "shop-env-files-dev", key = "invoices.env" }, { bucket = "shop-env-files-dev", key = "invoices-secrets.env" }]
    mailer    = [{ bucket = "shop-env-files-dev", key = "mailer.env" }, { bucket = "shop-env-files-dev", key = "mailer-secrets.env" }]
    orders    = [{ bucket = "shop-env-files-dev", key = "orders.env" }, { bucket = "shop-env-files-dev", key = "orders-secrets.env" }]
    payments  = [{ bucket = "shop-env-files-dev", key = "payments.env" }, { bucket = "shop-env-files-dev", key = "payments-secrets.env" }]
    pricing   = [{ bucket = "shop-env-files-dev", key = "pricing.env" }, { bucket = "shop-env-files-dev", key = "pricing-secrets.env" }]
    reports   = [{ bucket = "shop-env-files-dev", key = "reports.env" }, { bucket = "shop-env-files-dev", key = "reports-secrets.env" }]
    reviews   = [{ bucket = "shop-env-files-dev", key = "reviews.env" }, { bucket = "shop-env-files-dev", key = "reviews-secrets.env" }]
    search    = [{ bucket = "shop-env-files-dev", key = "search.env" }, { bucket = "shop-env-files-dev", key = "search-secrets.env" }]
    shipping  = [{ bucket = "shop-env-files-dev", key = "shipping.env" }, { bucket = "shop-env-files-dev", key = "shipping-secrets.env" }]
    support   = [{ bucket = "shop-env-files-dev", key = "support.env" }, { bucket = "shop-env-files-dev", key = "support-secrets.env" }]
    webhooks  = [{ bucket = "shop-env-files-dev", key = "webhooks.env" }, { bucket = "shop-env-files-dev", key = "webhooks-secrets.env" }]
  }

  auto_deploy_map = {
    ""        = true
    accounts  = true
    admin     = true
    analytics = true
    api       = true
    audit     = true
    auth      = true
    basket    = true
    billing   = false
    catalog   = true
    chat      = true
    checkout  = true
    crm       = true
    docs      = true
    exports   = true
    gateway   = true
    images    = true
    imports   = true
    inventory = true
    invoices  = true
    mailer    = true
    orders    = true
    payments  = false
    pricing   = true
    reports   = true
    reviews   = true
    search    = true
    shipping  = true
    support   = true
    webhooks  = true
  }
}
