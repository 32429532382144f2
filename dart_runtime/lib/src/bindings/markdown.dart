/// Documents that Workers AI turns into Markdown.
library;

import 'remote.dart';

/// A document to be turned into Markdown.
class MarkdownDocument {
  /// A document called [name], whose ending may tell its format, with
  /// [content], a [String] or bytes. [type] is its MIME type.
  const MarkdownDocument(this.name, this.content, {this.type});

  /// The file's name, such as `report.pdf`.
  final String name;

  /// The content, a [String] or bytes (`List<int>`).
  final Object content;

  /// The MIME type, such as `application/pdf`.
  final String? type;
}

/// What a conversion gives.
enum MarkdownFormat {
  /// Markdown.
  markdown,

  /// Text without marks.
  text,
}

/// How documents are converted.
///
/// See https://developers.cloudflare.com/workers-ai/features/markdown-conversion/.
class MarkdownOptions {
  /// Options; what is not given is as the platform has it.
  const MarkdownOptions({
    this.format,
    this.imageLanguage,
    this.convertImages,
    this.maxConvertedImages,
    this.convertOGImage,
    this.hostname,
    this.cssSelector,
    this.pdfMetadata,
  });

  /// What the conversion gives, [MarkdownFormat.markdown] if not given.
  final MarkdownFormat? format;

  /// The language that images are described in: `en`, `es`, `fr`, `it`, `pt` or
  /// `de`.
  final String? imageLanguage;

  /// Whether the images within documents are described too.
  final bool? convertImages;

  /// How many images of a document are described at most.
  final int? maxConvertedImages;

  /// Whether the image that a web page has for previews is described.
  final bool? convertOGImage;

  /// The host that the relative links of a web page belong to.
  final String? hostname;

  /// The part of a web page that is converted.
  final String? cssSelector;

  /// Whether the metadata of a PDF is part of the result.
  final bool? pdfMetadata;

  /// As the runtime takes it.
  Map<String, Object?> toHost() {
    final image = given({'descriptionLanguage': imageLanguage});
    final images = given({
      ...image,
      'convert': convertImages,
      'maxConvertedImages': maxConvertedImages,
    });
    Map<String, Object?>? some(Map<String, Object?> options) =>
        options.isEmpty ? null : options;
    return given({
      'output': some(given({'format': format?.name})),
      'html': some(
        given({
          'images': some(given({...images, 'convertOGImage': convertOGImage})),
          'hostname': hostname,
          'cssSelector': cssSelector,
        }),
      ),
      'docx': some(given({'images': some(images)})),
      'image': some(image),
      'pdf': some(given({'images': some(images), 'metadata': pdfMetadata})),
    });
  }
}

/// What a [MarkdownDocument] became.
class MarkdownResult {
  /// A result.
  const MarkdownResult({
    required this.id,
    required this.name,
    required this.mimeType,
    required this.format,
    this.data,
    this.tokens,
    this.error,
  });

  /// The id of the conversion.
  final String id;

  /// The document's name.
  final String name;

  /// The MIME type that the document was found to have.
  final String mimeType;

  /// `markdown`, `text`, or `error`.
  final String format;

  /// The Markdown or text; `null` if there was an [error].
  final String? data;

  /// About how many tokens [data] has.
  final int? tokens;

  /// Why the document could not be converted; `null` if it was.
  final String? error;
}

/// A format that can be turned into Markdown.
class MarkdownFormatInfo {
  /// A format.
  const MarkdownFormatInfo({required this.mimeType, required this.extension});

  /// The MIME type, such as `application/pdf`.
  final String mimeType;

  /// The file name's ending, such as `.pdf`.
  final String extension;
}

/// [document] as the runtime takes it.
Map<String, Object?> documentToHost(MarkdownDocument document) => {
      'name': document.name,
      'blob': blobToHost(document.content, 'content', type: document.type),
    };

/// What the runtime says of a conversion.
MarkdownResult markdownResultFromHost(Map<String, Object?> result) =>
    MarkdownResult(
      id: result['id'] as String? ?? '',
      name: result['name'] as String? ?? '',
      mimeType: result['mimeType'] as String? ?? '',
      format: result['format'] as String? ?? '',
      data: result['data'] as String?,
      tokens: intFromHost(result['tokens']),
      error: result['error'] as String?,
    );

/// What the runtime says of a format.
MarkdownFormatInfo markdownFormatFromHost(Map<String, Object?> format) =>
    MarkdownFormatInfo(
      mimeType: format['mimeType'] as String? ?? '',
      extension: format['extension'] as String? ?? '',
    );
