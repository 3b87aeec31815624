// Like dev, with a private network, so that what prod needs is tried first.
// az deployment sub create --location westeurope --parameters infra/test.bicepparam
using './main.bicep'

param environmentName = 'signals-test'
param location = 'westeurope'
param environmentType = 'test'
param environmentIds = []
param privateNetwork = true
param alertEmails = []
// A budget needs somebody to tell. Give it what BUDGET_START was at its first deployment as budgetStart.
param monthlyBudget = 150
