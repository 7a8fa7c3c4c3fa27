# The same as before.tf: all about a service in one place.

locals {
  services = {
    backend = {
      service_name = "shop_service_dev"
      task_family  = "shop_service_dev"
      repositories = ["shop_backend"]
      parameters   = ["/dev/shop/backend"]
      files = [
        { bucket = "shop-env-files-dev", key = "backend.env" },
        { bucket = "shop-env-files-dev", key = "backend-secrets.env" },
      ]
      auto_deploy = true
    }
    accounts = {
      service_name = "shop_service_accounts_dev"
      task_family  = "shop_service_accounts_dev"
      repositories = ["shop_service_accounts"]
      parameters   = ["/dev/shop/accounts"]
      files = [
        { bucket = "shop-env-files-dev", key = "accounts.env" },
        { bucket = "shop-env-files-dev", key = "accounts-secrets.env" },
      ]
      auto_deploy = true
    }
    admin = {
      service_name = "shop_service_admin_dev"
      task_family  = "shop_service_admin_dev"
      repositories = ["shop_service_admin"]
      parameters   = ["/dev/shop/admin"]
      files = [
        { bucket = "shop-env-files-dev", key = "admin.env" },
        { bucket = "shop-env-files-dev", key = "admin-secrets.env" },
      ]
      auto_deploy = true
    }
    analytics = {
      service_name = "shop_service_analytics_dev"
      task_family  = "shop_service_analytics_dev"
      repositories = ["shop_service_analytics"]
      parameters   = ["/dev/shop/analytics"]
      files = [
        { bucket = "shop-env-files-dev", key = "analytics.env" },
        { bucket = "shop-env-files-dev", key = "analytics-secrets.env" },
      ]
      auto_deploy = true
    }
    api = {
      service_name = "shop_service_api_dev"
      task_family  = "shop_service_api_dev"
      repositories = ["shop_service_api"]
      parameters   = ["/dev/shop/api"]
      files = [
        { bucket = "shop-env-files-dev", key = "api.env" },
        { bucket = "shop-env-files-dev", key = "api-secrets.env" },
      ]
      auto_deploy = true
    }
    audit = {
      service_name = "shop_service_audit_dev"
      task_family  = "shop_service_audit_dev"
      repositories = ["shop_service_audit"]
      parameters   = ["/dev/shop/audit"]
      files = [
        { bucket = "shop-env-files-dev", key = "audit.env" },
        { bucket = "shop-env-files-dev", key = "audit-secrets.env" },
      ]
      auto_deploy = true
    }
    auth = {
      service_name = "shop_service_auth_dev"
      task_family  = "shop_service_auth_dev"
      repositories = ["shop_service_auth"]
      parameters   = ["/dev/shop/auth"]
      files = [
        { bucket = "shop-env-files-dev", key = "auth.env" },
        { bucket = "shop-env-files-dev", key = "auth-secrets.env" },
      ]
      auto_deploy = true
    }
    basket = {
      service_name = "shop_service_basket_dev"
      task_family  = "shop_service_basket_dev"
      repositories = ["shop_service_basket"]
      parameters   = ["/dev/shop/basket"]
      files = [
        { bucket = "shop-env-files-dev", key = "basket.env" },
        { bucket = "shop-env-files-dev", key = "basket-secrets.env" },
      ]
      auto_deploy = true
    }
    billing = {
      service_name = "shop_service_billing_dev"
      task_family  = "shop_service_billing_dev"
      repositories = ["shop_service_billing"]
      parameters   = ["/dev/shop/billing"]
      files = [
        { bucket = "shop-env-files-dev", key = "billing.env" },
        { bucket = "shop-env-files-dev", key = "billing-secrets.env" },
      ]
      auto_deploy = false
    }
    catalog = {
      service_name = "shop_service_catalog_dev"
      task_family  = "shop_service_catalog_dev"
      repositories = ["shop_service_catalog"]
      parameters   = ["/dev/shop/catalog"]
      files = [
        { bucket = "shop-env-files-dev", key = "catalog.env" },
        { bucket = "shop-env-files-dev", key = "catalog-secrets.env" },
      ]
      auto_deploy = true
    }
    chat = {
      service_name = "shop_service_chat_dev"
      task_family  = "shop_service_chat_dev"
      repositories = ["shop_service_chat"]
      parameters   = ["/dev/shop/chat"]
      files = [
        { bucket = "shop-env-files-dev", key = "chat.env" },
        { bucket = "shop-env-files-dev", key = "chat-secrets.env" },
      ]
      auto_deploy = true
    }
    checkout = {
      service_name = "shop_service_checkout_dev"
      task_family  = "shop_service_checkout_dev"
      repositories = ["shop_service_checkout"]
      parameters   = ["/dev/shop/checkout"]
      files = [
        { bucket = "shop-env-files-dev", key = "checkout.env" },
        { bucket = "shop-env-files-dev", key = "checkout-secrets.env" },
      ]
      auto_deploy = true
    }
    crm = {
      service_name = "shop_service_crm_dev"
      task_family  = "shop_service_crm_dev"
      repositories = ["shop_service_crm"]
      parameters   = ["/dev/shop/crm"]
      files = [
        { bucket = "shop-env-files-dev", key = "crm.env" },
        { bucket = "shop-env-files-dev", key = "crm-secrets.env" },
      ]
      auto_deploy = true
    }
    docs = {
      service_name = "shop_service_docs_dev"
      task_family  = "shop_service_docs_dev"
      repositories = ["shop_service_docs"]
      parameters   = ["/dev/shop/docs"]
      files = [
        { bucket = "shop-env-files-dev", key = "docs.env" },
        { bucket = "shop-env-files-dev", key = "docs-secrets.env" },
      ]
      auto_deploy = true
    }
    exports = {
      service_name = "shop_service_exports_dev"
      task_family  = "shop_service_exports_dev"
      repositories = ["shop_service_exports"]
      parameters   = ["/dev/shop/exports"]
      files = [
        { bucket = "shop-env-files-dev", key = "exports.env" },
        { bucket = "shop-env-files-dev", key = "exports-secrets.env" },
      ]
      auto_deploy = true
    }
    gateway = {
      service_name = "shop_service_gateway_dev"
      task_family  = "shop_service_gateway_dev"
      repositories = ["shop_service_gateway"]
      parameters   = ["/dev/shop/gateway"]
      files = [
        { bucket = "shop-env-files-dev", key = "gateway.env" },
        { bucket = "shop-env-files-dev", key = "gateway-secrets.env" },
      ]
      auto_deploy = true
    }
    images = {
      service_name = "shop_service_images_dev"
      task_family  = "shop_service_images_dev"
      repositories = ["shop_service_images"]
      parameters   = ["/dev/shop/images"]
      files = [
        { bucket = "shop-env-files-dev", key = "images.env" },
        { bucket = "shop-env-files-dev", key = "images-secrets.env" },
      ]
      auto_deploy = true
    }
    imports = {
      service_name = "shop_service_imports_dev"
      task_family  = "shop_service_imports_dev"
      repositories = ["shop_service_imports"]
      parameters   = ["/dev/shop/imports"]
      files = [
        { bucket = "shop-env-files-dev", key = "imports.env" },
        { bucket = "shop-env-files-dev", key = "imports-secrets.env" },
      ]
      auto_deploy = true
    }
    inventory = {
      service_name = "shop_service_inventory_dev"
      task_family  = "shop_service_inventory_dev"
      repositories = ["shop_service_inventory"]
      parameters   = ["/dev/shop/inventory"]
      files = [
        { bucket = "shop-env-files-dev", key = "inventory.env" },
        { bucket = "shop-env-files-dev", key = "inventory-secrets.env" },
      ]
      auto_deploy = true
    }
    invoices = {
      service_name = "shop_service_invoices_dev"
      task_family  = "shop_service_invoices_dev"
      repositories = ["shop_service_invoices"]
      parameters   = ["/dev/shop/invoices"]
      files = [
        { bucket = "shop-env-files-dev", key = "invoices.env" },
        { bucket = "shop-env-files-dev", key = "invoices-secrets.env" },
      ]
      auto_deploy = true
    }
    mailer = {
      service_name = "shop_service_mailer_dev"
      task_family  = "shop_service_mailer_dev"
      repositories = ["shop_service_mailer"]
      parameters   = ["/dev/shop/mailer"]
      files = [
        { bucket = "shop-env-files-dev", key = "mailer.env" },
        { bucket = "shop-env-files-dev", key = "mailer-secrets.env" },
      ]
      auto_deploy = true
    }
    orders = {
      service_name = "shop_service_orders_dev"
      task_family  = "shop_service_orders_dev"
      repositories = ["shop_service_orders"]
      parameters   = ["/dev/shop/orders"]
      files = [
        { bucket = "shop-env-files-dev", key = "orders.env" },
        { bucket = "shop-env-files-dev", key = "orders-secrets.env" },
      ]
      auto_deploy = true
    }
    payments = {
      service_name = "shop_service_payments_dev"
      task_family  = "shop_service_payments_dev"
      repositories = ["shop_service_payments"]
      parameters   = ["/dev/shop/payments"]
      files = [
        { bucket = "shop-env-files-dev", key = "payments.env" },
        { bucket = "shop-env-files-dev", key = "payments-secrets.env" },
      ]
      auto_deploy = false
    }
    pricing = {
      service_name = "shop_service_pricing_dev"
      task_family  = "shop_service_pricing_dev"
      repositories = ["shop_service_pricing"]
      parameters   = ["/dev/shop/pricing"]
      files = [
        { bucket = "shop-env-files-dev", key = "pricing.env" },
        { bucket = "shop-env-files-dev", key = "pricing-secrets.env" },
      ]
      auto_deploy = true
    }
    reports = {
      service_name = "shop_service_reports_dev"
      task_family  = "shop_service_reports_dev"
      repositories = ["shop_service_reports"]
      parameters   = ["/dev/shop/reports"]
      files = [
        { bucket = "shop-env-files-dev", key = "reports.env" },
        { bucket = "shop-env-files-dev", key = "reports-secrets.env" },
      ]
      auto_deploy = true
    }
    reviews = {
      service_name = "shop_service_reviews_dev"
      task_family  = "shop_service_reviews_dev"
      repositories = ["shop_service_reviews"]
      parameters   = ["/dev/shop/reviews"]
      files = [
        { bucket = "shop-env-files-dev", key = "reviews.env" },
        { bucket = "shop-env-files-dev", key = "reviews-secrets.env" },
      ]
      auto_deploy = true
    }
    search = {
      service_name = "shop_service_search_dev"
      task_family  = "shop_service_search_dev"
      repositories = ["shop_service_search"]
      parameters   = ["/dev/shop/search"]
      files = [
        { bucket = "shop-env-files-dev", key = "search.env" },
        { bucket = "shop-env-files-dev", key = "search-secrets.env" },
      ]
      auto_deploy = true
    }
    shipping = {
      service_name = "shop_service_shipping_dev"
      task_family  = "shop_service_shipping_dev"
      repositories = ["shop_service_shipping"]
      parameters   = ["/dev/shop/shipping"]
      files = [
        { bucket = "shop-env-files-dev", key = "shipping.env" },
        { bucket = "shop-env-files-dev", key = "shipping-secrets.env" },
      ]
      auto_deploy = true
    }
    support = {
      service_name = "shop_service_support_dev"
      task_family  = "shop_service_support_dev"
      repositories = ["shop_service_support"]
      parameters   = ["/dev/shop/support"]
      files = [
        { bucket = "shop-env-files-dev", key = "support.env" },
        { bucket = "shop-env-files-dev", key = "support-secrets.env" },
      ]
      auto_deploy = true
    }
    webhooks = {
      service_name = "shop_service_webhooks_dev"
      task_family  = "shop_service_webhooks_dev"
      repositories = ["shop_service_webhooks"]
      parameters   = ["/dev/shop/webhooks"]
      files = [
        { bucket = "shop-env-files-dev", key = "webhooks.env" },
        { bucket = "shop-env-files-dev", key = "webhooks-secrets.env" },
      ]
      auto_deploy = true
    }
  }
}
