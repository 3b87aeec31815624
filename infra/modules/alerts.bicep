// What wakes somebody. docs/operate.md says for each of these what it means and what to do.

@description('Name of the environment with its token, behind the abbreviations.')
param name string
@description('Azure region.')
param location string
@description('Tags of every resource.')
param tags object
@description('Resource id of the Log Analytics workspace.')
param workspaceId string
@description('Mail addresses; without one, alerts are in the portal only.')
param emails array
@description('Whether there is an environment that is always polled.')
param pollsExpected bool
@description('A change is to be detected within so many seconds of its end at the source.')
param detectionLagTargetSeconds int

// Severity: 0 critical, 1 error, 2 warning. `finds`: rows that are a reason, or (absent) the lack of any.
var rules = [
  {
    key: 'no-poll'
    title: 'No poll succeeds'
    text: 'For 15 minutes no environment was polled with success: nothing is being watched.'
    severity: 0
    enabled: pollsExpected
    minutes: 15
    operator: 'LessThan'
    threshold: 1
    query: '''
      AppMetrics
      | where Name == 'signals.polls' and tostring(Properties.outcome) == 'ok'
    '''
  }
  {
    key: 'environment-not-polled'
    title: 'An environment is not polled'
    text: 'An environment that was polled within two days had no successful poll for 15 minutes.'
    severity: 1
    enabled: true
    minutes: 2880
    operator: 'GreaterThan'
    threshold: 0
    query: '''
      AppMetrics
      | where Name == 'signals.polls'
      | extend environment = tostring(Properties.environment), outcome = tostring(Properties.outcome)
      | summarize firstPoll = min(TimeGenerated), lastSuccess = maxif(TimeGenerated, outcome == 'ok') by environment
      | where coalesce(lastSuccess, firstPoll) < ago(15m)
    '''
  }
  {
    key: 'dead-deliveries'
    title: 'Deliveries died'
    text: 'A flow did not take events within their retries. They are kept for 30 days and can be sent again.'
    severity: 2
    enabled: true
    minutes: 15
    operator: 'GreaterThan'
    threshold: 0
    query: '''
      AppMetrics
      | where Name == 'signals.deliveries' and tostring(Properties.outcome) == 'dead'
      | summarize events = sum(Sum)
      | where events > 0
    '''
  }
  {
    key: 'poison-messages'
    title: 'Messages failed five times'
    text: 'A queue message could not be handled and was put aside: a fault of the app, or of its storage.'
    severity: 1
    enabled: true
    minutes: 15
    operator: 'GreaterThan'
    threshold: 0
    query: '''
      AppMetrics
      | where Name == 'signals.poison'
      | summarize messages = sum(Sum) by queue = tostring(Properties.queue)
      | where messages > 0
    '''
  }
  {
    key: 'server-errors'
    title: 'Calls answer 5xx'
    text: 'Five or more calls within 15 minutes were answered with a server error.'
    severity: 2
    enabled: true
    minutes: 15
    operator: 'GreaterThan'
    threshold: 4
    query: '''
      AppRequests
      | where toint(ResultCode) between (500 .. 599)
    '''
  }
  {
    key: 'failing-functions'
    title: 'Functions fail'
    text: 'Five or more runs of timers or queue functions failed within 15 minutes; the host tries them again.'
    severity: 1
    enabled: true
    minutes: 15
    operator: 'GreaterThan'
    threshold: 4
    query: '''
      AppRequests
      | where Success == false and isempty(Url)
    '''
  }
  {
    key: 'detection-lag'
    title: 'Changes are detected late'
    text: 'A change was detected later after its end at the source than the target allows.'
    severity: 2
    enabled: true
    minutes: 15
    operator: 'GreaterThan'
    threshold: 0
    query: format(
      '''
      AppMetrics
      | where Name == 'signals.detection.lag'
      | summarize worstSeconds = max(Max) by type = tostring(Properties.type)
      | where worstSeconds > {0}
    ''',
      detectionLagTargetSeconds
    )
  }
  {
    key: 'ingestion-cap'
    title: 'No telemetry is taken any more'
    text: 'The workspace took as much as it may in a day: until its reset hour every other alert is blind.'
    severity: 1
    enabled: true
    minutes: 2880
    operator: 'GreaterThan'
    threshold: 0
    query: '''
      _LogOperation
      | where TimeGenerated > ago(1d)
      | where Category =~ 'Ingestion' and Detail contains 'OverQuota'
    '''
  }
  {
    key: 'throttling'
    title: 'Customer Insights throttles'
    text: 'Customer Insights answered ten or more calls with 429 within 15 minutes.'
    severity: 2
    enabled: true
    minutes: 15
    operator: 'GreaterThan'
    threshold: 0
    query: '''
      AppMetrics
      | where Name == 'signals.api.calls' and tostring(Properties.status) == '429'
      | summarize calls = sum(Sum)
      | where calls >= 10
    '''
  }
]

resource receivers 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: 'ag-${name}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'signals'
    emailReceivers: [for (email, place) in emails: {
      name: 'mail-${place}'
      emailAddress: email
      useCommonAlertSchema: true
    }]
  }
}

resource alert 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: 'alert-${rule.key}-${name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: rule.title
    description: rule.text
    severity: rule.severity
    enabled: rule.enabled
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    overrideQueryTimeRange: rule.minutes == 15 ? null : 'P2D'
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: rule.operator
          threshold: rule.threshold
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    autoMitigate: true
    skipQueryValidation: true // the tables of a new workspace are there only after the first record
    actions: { actionGroups: empty(emails) ? [] : [receivers.id] }
  }
}]
