{{/*
What a service is, beyond its values: image, port, the setting that bounds its drain, the seconds of grace after
that (preStop's pause included), and the database login it gets, if any.
*/}}
{{- define "ask-panel.plan" -}}
gateway: {image: gateway, port: 8080, portName: http, drain: ASKPANEL_STREAM_DRAIN_SECONDS, window: 5, after: 25, database: true}
projector: {image: gateway, port: 9090, portName: probes, drain: ASKPANEL_DRAIN_SECONDS, window: 20, after: 25, database: true}
orchestrator: {image: orchestrator, port: 9090, portName: probes, drain: ASKPANEL_DRAIN_SECONDS, window: 20, after: 25}
expert-runner: {image: expert-runner, port: 9090, portName: probes, drain: ASKPANEL_DRAIN_SECONDS, window: 20, after: 40}
consensus: {image: consensus, port: 9090, portName: probes, drain: ASKPANEL_DRAIN_SECONDS, window: 20, after: 25}
usage: {image: usage, port: 9090, portName: probes, drain: ASKPANEL_DRAIN_SECONDS, window: 20, after: 25}
webhooks: {image: gateway, port: 9090, portName: probes, drain: ASKPANEL_DRAIN_SECONDS, window: 20, after: 25}
{{- end }}

{{/* The plan of those that run in this release. */}}
{{- define "ask-panel.running" -}}
{{- $plan := include "ask-panel.plan" . | fromYaml }}
{{- if not .Values.webhooks.enabled }}{{ $plan = omit $plan "webhooks" }}{{ end }}
{{- toYaml $plan }}
{{- end }}

{{/* When a Job runs, with what it needs. Durables have to be taken back to an older version; a migration only adds. */}}
{{- define "ask-panel.hooks" -}}
pre-install,pre-upgrade{{ if eq . "bootstrap" }},pre-rollback{{ end }}
{{- end }}

{{- define "ask-panel.topology" -}}
{{ .Files.Get "files/topology.json" }}
{{- end }}

{{- define "ask-panel.name" -}}
{{ printf "%s-%s" .root.Release.Name .component | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "ask-panel.selector" -}}
app.kubernetes.io/name: ask-panel
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Heading of every resource: `root`, `component`; `name` where it is another than the component's. */}}
{{- define "ask-panel.metadata" -}}
name: {{ .name | default (include "ask-panel.name" .) }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "ask-panel.selector" . | nindent 2 }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  app.kubernetes.io/part-of: ask-panel
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "ask-panel.image" -}}
{{- $values := .root.Values -}}
{{- $image := index $values.images .image -}}
{{- $registry := required "image.registry is needed" $values.image.registry -}}
{{- if $image.digest -}}
{{ printf "%s/askpanel-%s@%s" $registry .image $image.digest }}
{{- else if and $values.image.allowTags $image.tag -}}
{{ printf "%s/askpanel-%s:%s" $registry .image $image.tag }}
{{- else -}}
{{ fail (printf "images.%s.digest is needed (a tag may point elsewhere tomorrow)" .image) }}
{{- end -}}
{{- end }}
