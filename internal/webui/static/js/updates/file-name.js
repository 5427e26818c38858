// @ts-check

/** The name of the file that a URL ends with, or the URL. @param {string} url */
export function fileName(url) {
  try {
    return decodeURIComponent(url.split('/').pop() ?? '') || url;
  } catch {
    return url;
  }
}
