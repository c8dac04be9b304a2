# A storage account for Loki, with everything that logops expects of it. `logops render` writes a root module that uses
# this one with the values of an environment (docs/kubernetes.md, "Storage accounts with Terraform").

terraform {
  required_version = ">= 1.3"
  required_providers {
    azurerm = {
      source = "hashicorp/azurerm"
      # Since 4.9 containers are created through the management API, which needs no way through the account's network.
      version = ">= 4.9, < 5"
    }
  }
}

resource "azurerm_storage_account" "this" {
  name                     = var.name
  resource_group_name      = var.resource_group_name
  location                 = var.location
  account_kind             = "StorageV2"
  account_tier             = "Standard"
  account_replication_type = var.replication

  min_tls_version                 = "TLS1_2"
  https_traffic_only_enabled      = true
  allow_nested_items_to_be_public = false
  shared_access_key_enabled       = var.takes_keys

  blob_properties {
    versioning_enabled = var.versioning

    dynamic "delete_retention_policy" {
      for_each = var.soft_delete_days[*]
      content {
        days = delete_retention_policy.value
      }
    }

    dynamic "container_delete_retention_policy" {
      for_each = var.soft_delete_days[*]
      content {
        days = container_delete_retention_policy.value
      }
    }
  }

  dynamic "network_rules" {
    for_each = var.network[*]
    content {
      default_action             = "Deny"
      bypass                     = ["AzureServices"]
      virtual_network_subnet_ids = network_rules.value.subnets
      ip_rules                   = network_rules.value.addresses
    }
  }

  # The account has the logs of the last months. A plan that would delete it fails.
  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_storage_container" "this" {
  for_each = var.containers

  name                  = each.value
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_storage_management_policy" "this" {
  count = length(var.lifecycle_rules) > 0 ? 1 : 0

  storage_account_id = azurerm_storage_account.this.id

  dynamic "rule" {
    for_each = var.lifecycle_rules
    content {
      name    = rule.value.name
      enabled = true

      filters {
        blob_types   = ["blockBlob"]
        prefix_match = rule.value.prefixes
      }

      actions {
        base_blob {
          tier_to_cool_after_days_since_modification_greater_than    = rule.value.cool_after
          tier_to_cold_after_days_since_modification_greater_than    = rule.value.cold_after
          tier_to_archive_after_days_since_modification_greater_than = rule.value.archive_after
          delete_after_days_since_modification_greater_than          = rule.value.delete_after
        }
      }
    }
  }
}

resource "azurerm_storage_blob_inventory_policy" "this" {
  count = var.inventory == null ? 0 : 1

  storage_account_id = azurerm_storage_account.this.id

  rules {
    name                   = var.inventory.rule
    storage_container_name = azurerm_storage_container.this[var.inventory.container].name
    format                 = "Parquet"
    schedule               = "Daily"
    scope                  = "Blob"
    schema_fields          = var.inventory.columns

    filter {
      blob_types = ["blockBlob", "appendBlob"]
    }
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  count = var.diagnostics == null ? 0 : 1

  name                       = "logops"
  target_resource_id         = "${azurerm_storage_account.this.id}/blobServices/default"
  log_analytics_workspace_id = var.diagnostics

  dynamic "enabled_log" {
    for_each = ["StorageRead", "StorageWrite", "StorageDelete"]
    content {
      category = enabled_log.value
    }
  }
}

resource "azurerm_role_assignment" "loki" {
  count = var.principal_id == null ? 0 : 1

  scope                = azurerm_storage_account.this.id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = var.principal_id
  principal_type       = "ServicePrincipal"
}

variable "name" {
  type = string
}

variable "resource_group_name" {
  type = string
}

variable "location" {
  type = string
}

variable "replication" {
  type        = string
  description = "LRS, ZRS, GRS, GZRS, RAGRS or RAGZRS."
}

variable "takes_keys" {
  type        = bool
  description = "Whether the account accepts its keys, and signatures made with them. Identities need none."
}

variable "versioning" {
  type = bool
}

variable "soft_delete_days" {
  type        = number
  description = "How long deleted blobs and containers can be restored. Null: not at all."
}

variable "network" {
  type        = object({ subnets = list(string), addresses = list(string) })
  description = "Who may connect. Null: every address."
}

variable "containers" {
  type = set(string)
}

variable "lifecycle_rules" {
  type = list(object({
    name          = string
    prefixes      = list(string)
    cool_after    = optional(number)
    cold_after    = optional(number)
    archive_after = optional(number)
    delete_after  = optional(number)
  }))
  description = "Days since the last modification. Prefixes begin with the container."
}

variable "inventory" {
  type        = object({ rule = string, container = string, columns = list(string) })
  description = "A daily list of all blobs. Null: none."
}

variable "diagnostics" {
  type        = string
  description = "Log Analytics workspace that gets a record of each read, write and delete. Null: none."
}

variable "principal_id" {
  type        = string
  description = "Object id of the identity of Loki's pods. Null: it gets no role here."
}
