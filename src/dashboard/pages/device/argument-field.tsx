import { useId } from 'preact/hooks';
import { type Argument, hintOf } from './argument-values.js';

interface Props {
  readonly argument: Argument;
  readonly text: string;
  /** What to correct; empty if nothing. */
  readonly fault: string;
  readonly isDisabled: boolean;
  readonly onChange: (text: string, isBad: boolean) => void;
}

/** One argument of a command, with its limits, and what is wrong with it beside it. */
export function ArgumentField({ argument, text, fault, isDisabled, onChange }: Props) {
  const id = useId();
  const { name, summary, required, default: value } = argument;
  const hint = [hintOf(argument), required || value !== null ? '' : 'optional', summary ?? '']
    .filter(Boolean)
    .join(' · ');
  const described = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(' ');
  const common = {
    id,
    name,
    disabled: isDisabled,
    'aria-invalid': fault !== '',
    'aria-describedby': described || undefined,
  };
  return (
    <div class="argument">
      <label for={id}>{name}</label>
      <Control argument={argument} text={text} common={common} onChange={onChange} />
      {hint && (
        <span class="muted argument-hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {fault && (
        <span class="failure argument-fault" id={`${id}-fault`}>
          {fault}
        </span>
      )}
    </div>
  );
}

interface ControlProps extends Pick<Props, 'argument' | 'text' | 'onChange'> {
  readonly common: Readonly<{ id: string; name: string; disabled: boolean }>;
}

function Control({ argument, text, common, onChange }: ControlProps) {
  const { type, min, max, default: value } = argument;
  if (type === 'choice' || type === 'boolean') {
    return (
      <select {...common} value={text} onChange={({ currentTarget }) => onChange(currentTarget.value, false)}>
        {value === null && <option value="">{argument.required ? 'choose…' : 'not set'}</option>}
        {optionsOf(argument).map(([option, label]) => (
          <option key={option} value={option}>
            {label}
          </option>
        ))}
      </select>
    );
  }
  const onInput = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) =>
    onChange(currentTarget.value, currentTarget.validity.badInput);
  if (type === 'text')
    return (
      <input
        {...common}
        type="text"
        autocomplete="off"
        maxLength={max ?? undefined}
        value={text}
        onInput={onInput}
      />
    );
  return (
    <input
      {...common}
      type="number"
      inputMode={type === 'integer' && (min ?? -1) >= 0 ? 'numeric' : 'decimal'}
      step={type === 'integer' ? 1 : 'any'}
      min={min ?? undefined}
      max={max ?? undefined}
      value={text}
      onInput={onInput}
    />
  );
}

function optionsOf({ type, choices }: Argument): readonly (readonly [string, string])[] {
  if (type === 'choice') return (choices ?? []).map((choice) => [choice, choice]);
  return [
    ['true', 'yes'],
    ['false', 'no'],
  ];
}
