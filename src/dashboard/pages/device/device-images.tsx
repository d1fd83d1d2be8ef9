import { Age } from '../../parts/age.js';
import { Card } from '../../parts/card.js';
import { type ImageFacts, isPicture, useLiveImage } from '../../parts/live-image.js';

interface Props {
  readonly device: string;
  readonly images: readonly ImageFacts[];
}

export function DeviceImages({ device, images }: Props) {
  return (
    <>
      {images.map((facts) => (
        <DeviceImage key={facts.type} device={device} facts={facts} />
      ))}
    </>
  );
}

function DeviceImage({ device, facts }: { readonly device: string; readonly facts: ImageFacts }) {
  const { image, failure } = useLiveImage(device, facts);
  const { type, mediaType, bytes } = facts;
  const save = image && (
    <a href={image.url} download={`${device.replaceAll(':', '-')}-${type}.${extensionOf(mediaType)}`}>
      Save
    </a>
  );
  return (
    <Card title={type} controls={save}>
      <figure class="device-image">
        {image && isPicture(facts) && <img src={image.url} alt={`${type} of ${device}`} />}
        {!image && !failure && <p class="placeholder">Loading…</p>}
        {failure && (
          <p class="failure" role="alert">
            {failure}
          </p>
        )}
        <figcaption class="muted figure">
          received <Age at={image?.receivedAt ?? facts.receivedAt} suffix=" ago" /> · {mediaType},{' '}
          {Math.ceil(bytes / 1024)} KiB
        </figcaption>
      </figure>
    </Card>
  );
}

/** `png` of `image/png`, `svg` of `image/svg+xml`. */
function extensionOf(mediaType: string): string {
  return /\/([a-z0-9]+)/.exec(mediaType)?.[1] ?? 'bin';
}
