resource "azurerm_storage_container" "loki_chunks" {
  name                  = "loki-chunks"
  storage_account_name  = azurerm_storage_account.monitoring.name
  container_access_type = "private"
}

resource "azurerm_storage_container" "loki_ruler" {
  name                  = "loki-ruler"
  storage_account_name  = azurerm_storage_account.monitoring.name
  container_access_type = "private"
}

resource "azurerm_storage_lifecycle_management_policy" "loki" {
  storage_account_id = azurerm_storage_account.monitoring.id

  rule {
    name    = "loki-chunks-lifecycle"
    enabled = true

    filters {
      prefix_match = ["loki-chunks/"]
      blob_types   = ["blockBlob"]
    }

    actions {
      base_blob {
        tier_to_cool_after_days_since_modification_greater_than = 30
        tier_to_archive_after_days_since_modification_greater_than = 90
        delete_after_days_since_modification_greater_than = 180
      }
    }
  }
}
