import type { CallToolResult, ContentBlock, PromptMessage } from "@modelcontextprotocol/server";

/** One red pixel. */
const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const wav = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA==";

export const text = (value: string): ContentBlock => ({ type: "text", text: value });
const image: ContentBlock = { type: "image", data: png, mimeType: "image/png" };

const embedded = (uri: string, mimeType: string, value: string): ContentBlock => ({
  type: "resource",
  resource: { uri, mimeType, text: value },
});

/** Tools that always give the same. */
export const contentTools: Readonly<Record<string, CallToolResult>> = {
  test_simple_text: { content: [text("This is a simple text response for testing.")] },
  test_image_content: { content: [image] },
  test_audio_content: { content: [{ type: "audio", data: wav, mimeType: "audio/wav" }] },
  test_embedded_resource: {
    content: [
      embedded("test://embedded-resource", "text/plain", "This is an embedded resource content."),
    ],
  },
  test_multiple_content_types: {
    content: [
      text("Multiple content types test:"),
      image,
      embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ],
  },
  test_error_handling: {
    isError: true,
    content: [text("This tool intentionally returns an error for testing")],
  },
};

const said = (content: ContentBlock): PromptMessage => ({ role: "user", content });

/** Prompts by what was filled in. */
export const contentPrompts: Readonly<
  Record<
    string,
    {
      readonly arguments: readonly string[];
      write(given: Readonly<Record<string, string>>): PromptMessage[];
    }
  >
> = {
  test_simple_prompt: {
    arguments: [],
    write: () => [said(text("This is a simple prompt for testing."))],
  },
  test_prompt_with_arguments: {
    arguments: ["arg1", "arg2"],
    write: ({ arg1, arg2 }) => [
      said(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
    ],
  },
  test_prompt_with_embedded_resource: {
    arguments: ["resourceUri"],
    write: ({ resourceUri = "" }) => [
      said(embedded(resourceUri, "text/plain", "Embedded resource content for testing.")),
      said(text("Please process the embedded resource above.")),
    ],
  },
  test_prompt_with_image: {
    arguments: [],
    write: () => [said(image), said(text("Please analyze the image above."))],
  },
};

/** Resources by their address. */
export function contentResource(uri: string): Record<string, string> | undefined {
  if (uri === "test://static-text" || uri === "test://watched-resource") {
    const value = "This is the content of the static text resource.";
    return { uri, mimeType: "text/plain", text: value };
  }
  if (uri === "test://static-binary") return { uri, mimeType: "image/png", blob: png };
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id === undefined) return undefined;
  const data = { id, templateTest: true, data: `Data for ID: ${id}` };
  return { uri, mimeType: "application/json", text: JSON.stringify(data) };
}

export const resourceList = [
  "test://static-text",
  "test://static-binary",
  "test://watched-resource",
].map((uri) => ({
  uri,
  name: uri.slice(7),
  description: "A resource of the suite.",
  mimeType: "text/plain",
}));
