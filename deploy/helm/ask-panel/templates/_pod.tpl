{{/* One variable from an existing Secret. */}}
{{- define "ask-panel.from-secret" -}}
- name: {{ .variable }}
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .key }}}}
{{- end }}

{{/* How a process reaches NATS as its own user. */}}
{{- define "ask-panel.nats-env" -}}
- name: ASKPANEL_NATS_URL
  value: {{ .root.Values.nats.url | quote }}
- name: ASKPANEL_NATS_USER
  value: {{ .user }}
{{ include "ask-panel.from-secret" (dict "variable" "ASKPANEL_NATS_PASSWORD" "secret" .root.Values.nats.existingSecret "key" .user) }}
{{- end }}

{{- define "ask-panel.database-env" -}}
{{ include "ask-panel.from-secret" (dict "variable" "ASKPANEL_DATABASE_URL" "secret" .root.Values.database.existingSecret "key" (index .root.Values.database.keys .component)) }}
{{- end }}

{{/* The database's CA, where its addresses name it. */}}
{{- define "ask-panel.ca-mount" -}}
- {name: ca, mountPath: /etc/askpanel, readOnly: true}
{{- end }}

{{- define "ask-panel.ca-volume" -}}
- name: ca
  configMap: {name: {{ .Values.database.caConfigMap }}}
{{- end }}

{{- define "ask-panel.gateway-env" -}}
{{- $auth := .root.Values.auth -}}
- name: ASKPANEL_HOST
  value: {{ .root.Values.listenAddress | quote }}
- name: ASKPANEL_PORT
  value: {{ .plan.port | quote }}
- name: ASKPANEL_WEB_ROOT
  value: {{ .root.Values.webRoot | quote }}
- name: ASKPANEL_JWT_ISSUER
  value: {{ required "auth.issuer is needed" $auth.issuer | quote }}
- name: ASKPANEL_JWT_AUDIENCE
  value: {{ $auth.audience | quote }}
{{- if not (or $auth.jwksUrl $auth.keys.jwt) }}{{ fail "auth.jwksUrl or auth.keys.jwt is needed" }}{{ end }}
{{- with $auth.jwksUrl }}
- name: ASKPANEL_JWKS_URL
  value: {{ . | quote }}
{{- end }}
{{- with $auth.keys.jwt }}
{{ include "ask-panel.from-secret" (dict "variable" "ASKPANEL_JWT_SECRET" "secret" $auth.existingSecret "key" .) }}
{{- end }}
{{ include "ask-panel.from-secret" (dict "variable" "ASKPANEL_TICKET_SECRET" "secret" $auth.existingSecret "key" $auth.keys.tickets) }}
{{- end }}

{{/* The secret that gateway and webhooks share. Without webhooks nobody has it, and the API has no such routes. */}}
{{- define "ask-panel.webhook-env" -}}
{{ include "ask-panel.from-secret" (dict "variable" "ASKPANEL_WEBHOOK_SECRET" "secret" .root.Values.webhooks.existingSecret "key" .root.Values.webhooks.key) }}
{{- end }}

{{- define "ask-panel.probe-env" -}}
- name: ASKPANEL_PROBE_HOST
  value: {{ .root.Values.listenAddress | quote }}
- name: ASKPANEL_PROBE_PORT
  value: {{ .plan.port | quote }}
{{- end }}

{{- define "ask-panel.models-env" -}}
{{- $models := .root.Values.models -}}
- name: ASKPANEL_CACHE
  value: /cache
{{- with $models.model }}
- name: ASKPANEL_MODEL
  value: {{ . | quote }}
{{- end }}
{{- with $models.baseUrl }}
- name: ASKPANEL_OPENAI_BASE_URL
  value: {{ . | quote }}
{{- end }}
{{- if not (or $models.model $models.baseUrl $models.keys) }}{{ fail "models.model, models.baseUrl or models.keys is needed" }}{{ end }}
{{- range $variable, $key := $models.keys }}
{{ include "ask-panel.from-secret" (dict "variable" $variable "secret" $models.existingSecret "key" $key) }}
{{- end }}
{{- end }}

{{/* The collector of traces and metrics; nothing where there is none. */}}
{{- define "ask-panel.telemetry-env" -}}
{{- $telemetry := .root.Values.telemetry -}}
{{- with $telemetry.endpoint }}
- name: ASKPANEL_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- include "ask-panel.settings-env" (dict "ASKPANEL_TRACE_RATIO" $telemetry.traceRatio "ASKPANEL_METRICS_SECONDS" $telemetry.metricsSeconds) }}
{{- with $telemetry.existingSecret }}
{{ include "ask-panel.from-secret" (dict "variable" "OTEL_EXPORTER_OTLP_HEADERS" "secret" . "key" $telemetry.key) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Whole numbers without an exponent: values are floats here, and 1e+06 is no integer to the reader. */}}
{{- define "ask-panel.settings-env" -}}
{{- range $variable, $value := . }}
- name: {{ $variable }}
  value: {{ if and (kindIs "float64" $value) (eq $value (floor $value)) }}{{ $value | int64 | quote }}{{ else }}{{ $value | toString | quote }}{{ end }}
{{- end }}
{{- end }}

{{/* What makes a pod `restricted`, and its container read-only. */}}
{{- define "ask-panel.pod-security" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "ask-panel.container-security" -}}
image: {{ include "ask-panel.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "ask-panel.probe" -}}
httpGet: {path: {{ .path }}, port: {{ .port }}}
{{- end }}
