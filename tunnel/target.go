package tunnel

// knownTargets are the names that the gateway takes for base URLs without being
// told.
var knownTargets = map[string]string{
	"openai":    "https://api.openai.com",
	"anthropic": "https://api.anthropic.com",
	"gemini":    "https://generativelanguage.googleapis.com",
	"deepseek":  "https://api.deepseek.com",
	"dashscope": "https://dashscope.aliyuncs.com",
	"moonshot":  "https://api.moonshot.cn",
	"ollama":    "http://127.0.0.1:11434",
}

// KnownTarget returns the base URL that the gateway takes name for unless the
// user says otherwise, without a slash at its end; empty if there is none.
func KnownTarget(name string) string { return knownTargets[name] }
