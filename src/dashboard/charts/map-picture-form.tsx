import { useState } from 'preact/hooks';
import { openPicture, readCorners } from './map-pictures.js';
import type { Picture } from './picture.js';

const SIDES = ['North', 'West', 'South', 'East'] as const;

/** Loads a background image from the user's disk; it stays in this page's memory and is not sent anywhere. */
export function MapPictureForm({ onPicture }: { onPicture(picture: Picture | undefined): void }) {
  const [file, setFile] = useState<File>();
  const [corners, setCorners] = useState<readonly string[]>(['', '', '', '']);
  const [result, setResult] = useState('');
  async function show(event: Event) {
    event.preventDefault();
    if (!file) return;
    setResult('Loading…');
    try {
      onPicture(await openPicture(file, readCorners(corners)));
      setResult(`Showing ${file.name}.`);
    } catch (error) {
      setResult(`Cannot show ${file.name}: ${error instanceof Error ? error.message : String(error)}.`);
    }
  }
  function remove() {
    onPicture(undefined);
    setResult('Image removed.');
  }
  return (
    <details class="map-picture">
      <summary>Background image</summary>
      <form onSubmit={show}>
        <fieldset>
          <legend>PNG, JPEG or GeoTIFF from this computer; it is not uploaded</legend>
          <label>
            Image file
            <input
              type="file"
              accept=".png,.jpg,.jpeg,.tif,.tiff"
              onChange={({ currentTarget }) => setFile(currentTarget.files?.[0])}
            />
          </label>
          {SIDES.map((side, index) => (
            <label key={side}>
              {side} (°)
              <input
                type="number"
                step="any"
                value={corners[index]}
                onInput={({ currentTarget }) => setCorners(corners.with(index, currentTarget.value))}
              />
            </label>
          ))}
          <button type="submit">Show image</button>
          <button type="button" onClick={remove}>
            Remove image
          </button>
        </fieldset>
        <p class="chart-note" role="status">
          {result || 'A GeoTIFF in EPSG:4326 needs no corners.'}
        </p>
      </form>
    </details>
  );
}
