// The cheapest: open to the internet (by identity only), one zone.
// az deployment sub create --location westeurope --parameters infra/dev.bicepparam
using './main.bicep'

param environmentName = 'signals-dev'
param location = 'westeurope'
param environmentType = 'dev'
param environmentIds = []
param alertEmails = []
param monthlyBudget = 20
