// The safest: private network, zones, an instance that is always ready for people.
// az deployment sub create --location westeurope --parameters infra/prod.bicepparam
using './main.bicep'

param environmentName = 'signals-prod'
param location = 'westeurope'
param environmentType = 'prod'
param environmentIds = []
param alwaysReady = [{ name: 'http', instanceCount: 2 }]
param maximumInstanceCount = 100
param alertEmails = []
param monthlyBudget = 400
