{{- define "app.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name -}}
{{- end -}}

{{- define "app.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "app.labels" -}}
{{ include "app.selectorLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "app.image" -}}
{{- with .Values.image -}}
{{- if not .repository -}}
{{- fail "image.repository is empty: name the image to run, for example docker.io/traefik/whoami" -}}
{{- end -}}
{{- if eq (lower .tag) "latest" -}}
{{- fail "image.tag is latest, which is another image every time it is pulled: name a version of the image" -}}
{{- end -}}
{{- if not (or .tag .digest) -}}
{{- fail "image.tag is empty, which means latest: name a version of the image, or give image.digest" -}}
{{- end -}}
{{- .repository -}}
{{- with .tag }}:{{ . }}{{ end -}}
{{- with .digest }}@{{ . }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* Refuses values that render but cannot run. */}}
{{- define "app.check" -}}
{{- if .Values.persistence.enabled -}}
{{- if not (regexMatch "[1-9]" (toString .Values.persistence.size)) -}}
{{- fail (printf "persistence.size is %v, but persistence is enabled: give the volume a size, for example 5Gi" .Values.persistence.size) -}}
{{- end -}}
{{- if and (gt (int .Values.replicas) 1) (not (has "ReadWriteMany" .Values.persistence.accessModes)) -}}
{{- fail (printf "replicas is %v, but the volume can be used by one pod only: set replicas to 1, or add ReadWriteMany to persistence.accessModes" .Values.replicas) -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := .Values.secretEnv -}}
{{- if hasKey $.Values.env $name -}}
{{- fail (printf "%s is in env and in secretEnv: keep one of the two" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Helm reads numbers as floats, and printing 1000000 would give 1e+06; JSON keeps them as they were written. */}}
{{- define "app.text" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end -}}
{{- end -}}

{{- define "app.probeAction" -}}
{{- if eq .Values.probes.type "http" -}}
httpGet:
  path: {{ .Values.probes.path | quote }}
  port: main
{{- else -}}
tcpSocket:
  port: main
{{- end -}}
{{- end -}}

{{- define "app.securityContext" -}}
{{- $context := deepCopy .Values.securityContext -}}
{{- if .Values.startsAsRoot -}}
{{- $capabilities := $context.capabilities | default dict -}}
{{- $needed := list "CHOWN" "DAC_OVERRIDE" "FOWNER" "KILL" "NET_BIND_SERVICE" "SETGID" "SETUID" -}}
{{- $_ := set $capabilities "add" (concat ($capabilities.add | default list) $needed | uniq | sortAlpha) -}}
{{- $_ := set $context "capabilities" $capabilities -}}
{{- end -}}
{{- toYaml $context -}}
{{- end -}}
