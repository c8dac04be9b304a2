{{- define "labels" -}}
app.kubernetes.io/name: loki
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- with .zone }}
name: ingester{{ . }}
{{- end }}
{{- end }}
