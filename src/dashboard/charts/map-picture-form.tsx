import { useState } from 'preact/hooks';
import { openPicture, readCorners } from './map-pictures.js';
import type { Picture } from './picture.js';

const SIDES = ['North', 'West', 'South', 'East'] as const;

/** Loads a background from a person's disk; it stays in this page's memory and is sent nowhere. */
export function MapPictureForm({ onPicture }: { onPicture(picture: Picture | undefined): void }) {
  const [file, setFile] = useState<File>();
  const [corners, setCorners] = useState<readonly string[]>(['', '', '', '']);
  const [result, setResult] = useState('');
  async function show(event: Event) {
    event.preventDefault();
    if (!file) return;
    setResult('Reading the picture …');
    try {
      onPicture(await openPicture(file, readCorners(corners)));
      setResult(`${file.name} is shown.`);
    } catch (error) {
      setResult(`${file.name} can't be shown: ${error instanceof Error ? error.message : String(error)}.`);
    }
  }
  function remove() {
    onPicture(undefined);
    setResult('The background is plain.');
  }
  return (
    <details class="map-picture">
      <summary>Background picture</summary>
      <form onSubmit={show}>
        <fieldset>
          <legend>PNG, JPEG or GeoTIFF from this computer; it is not sent anywhere</legend>
          <label>
            Picture
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
          <button type="submit">Show picture</button>
          <button type="button" onClick={remove}>
            Remove picture
          </button>
        </fieldset>
        <p class="chart-note" role="status">
          {result || 'A GeoTIFF in EPSG:4326 needs no corners.'}
        </p>
      </form>
    </details>
  );
}
