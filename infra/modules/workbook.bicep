// The operators' page in the portal. infra/workbook.json is what the portal's editor shows and takes.

@description('Name that people see.')
param displayName string
@description('Azure region.')
param location string
@description('Tags of every resource.')
param tags object
@description('Resource id of the Log Analytics workspace.')
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'customer-insights-signals', 'workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: displayName
    category: 'workbook'
    sourceId: workspaceId
    version: '1.0'
    serializedData: replace(loadTextContent('../workbook.json'), '{workspaceId}', workspaceId)
  }
}

@description('Resource id.')
output id string = workbook.id
