// The safest: a private network, instances that are always ready for people. Zones cost much more: docs/operate.md.
// az deployment sub create --location westeurope --parameters infra/prod.bicepparam
using './main.bicep'

param environmentName = 'signals-prod'
param location = 'westeurope'
param environmentType = 'prod'
param environmentIds = []
param alwaysReady = [{ name: 'http', instanceCount: 2 }]
param maximumInstanceCount = 100
param alertEmails = []
// A budget needs somebody to tell. Give it what BUDGET_START was at its first deployment as budgetStart.
param monthlyBudget = 250
