// The cheapest: open to the internet (by identity only), one zone.
// az deployment sub create --location westeurope --parameters infra/dev.bicepparam
using './main.bicep'

param environmentName = 'signals-dev'
param location = 'westeurope'
param environmentType = 'dev'
param environmentIds = []
param alertEmails = []
// A budget needs somebody to tell. Give it what BUDGET_START was at its first deployment as budgetStart.
param monthlyBudget = 50
